"""Executors: the same plan and the same bytes, on this machine's processes or on a Dask cluster.

May import `stages` and what stands below it. Open `executor` first; `state` says which stage may begin and how each
ended, `crew` holds the processes, `attempt` does one stage in one of them.
"""
