"""How good images are: distances and overlaps between the features of fakes and of real images."""
