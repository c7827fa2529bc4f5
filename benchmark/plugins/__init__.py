"""Plug-ins: from a name in a spec to an object with the methods, its options, its digest, and its state on disk.

May import `statistics` and what stands below it. Open `resolve` first; `adapt` is how all others call a plug-in.
"""
