"""The shortcut audit: whether one class of images carries a trace of processing that the other does not.

Open `traces` first: every trace that is looked for, and what it says; `audit` tests them on one bank.
"""
