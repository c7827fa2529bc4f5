"""FID and KID on the Inception network that the literature uses, from a file of weights that the user brings.

Open `distances` first.
"""
