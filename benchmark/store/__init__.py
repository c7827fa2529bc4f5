"""The content-addressed store and what it needs: digests of code and files, locks, whole files or none.

May import `machine`. Open `store` first.
"""
