"""Processes of this machine: nothing that is not ours runs in the user's, and every stage begins from equal settings.

May import `store` and `machine`. Open `apart` first: how a function is called in a process of its own; `nursery` starts
the process that copies itself, `hosted` is what a copy does.
"""
