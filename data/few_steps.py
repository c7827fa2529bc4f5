"""How few steps a training has that is done before TensorFlow would have made a graph of its step."""

FEW_STEPS = 8
