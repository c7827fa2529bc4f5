"""What a result depends on outside of this program: processor, device, threads, libraries, seeds; and the clock.

Imports nothing of the other rooms. Open `runtime` first: the environment that is part of every key.
"""
