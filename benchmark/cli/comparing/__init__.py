"""The command `compare`: finished runs side by side, or the index of a folder of them. Open `verb` first."""
