"""What was learned elsewhere and is not trained further: the extractor, the embedding, ImageNet weights.

May import `detection.networks`. Open `extractor` first.
"""
