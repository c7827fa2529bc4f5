"""What an export says of itself to programs. Open `croissant` first; for people it is `benchmark.use.data_card`."""
