"""Tables and pictures from a run folder: it reads files only, and imports nothing of the other packages."""
