"""The ground: image sets, their sources, safe reading, and the ledger of which image serves which part."""
