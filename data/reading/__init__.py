"""Files of strangers, read safely: what is walked, opened, unpacked, decoded or fetched is bounded and checked first.

May import `data.errors` and `data.names`. Open `walk` first, then `safe_image`.
"""
