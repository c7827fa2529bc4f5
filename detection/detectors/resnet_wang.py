"""The small residual network, trained on images that may be blurred and compressed."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Le

from detection.detectors.resnet import ResNet


class ResNetWang(ResNet):
    """The network of `resnet` with the training-time augmentation of Wang et al.: half of the images are blurred, and,
    drawn independently, half JPEG-compressed.

    As published: the Gaussian's sigma is uniform in [0, 3] at 256 pixels, the quality a whole number from 30 to 100,
    both with probability 0.5; `blur = 0.1` and `jpeg = 0.1` is their weaker setting. Differently: sigma is scaled to
    the size of the images, up to `3 sqrt(side / 256)`, 1.1 at 32 pixels; every JPEG is Pillow's, where they drew one
    of two codecs; images are not resized or cropped, but shifted by a few pixels. The network is the small one of
    this project, from random weights: not their ResNet-50, and without its training on ImageNet; and its training ends
    where the validation AUC stops rising, while theirs goes on with a tenth of the learning rate. Published figures are
    therefore none of this detector.

    Validation images are left as they are. Augmented at random, which the published code does, they change from
    one training to the next with the luck of the draw, and so does the epoch that is kept.

    Args:
        blur: Probability that a training image is blurred. Defaults to `0.5`.
        jpeg: Probability that a training image is compressed. Defaults to `0.5`.
        random_state: The seed of weights, batches and augmentation. Defaults to `None`.
        **options: Those of `ResNet`.

    References:
        Wang, Wang, Zhang, Owens, Efros (2020), CNN-generated images are surprisingly easy to spot... for now, section
        4.1.
    """

    paper = "Wang et al., CNN-generated images are surprisingly easy to spot... for now, 2020, section 4.1"

    def __init__(
        self,
        *,
        random_state: int | None = None,
        blur: Annotated[float, Ge(0), Le(1)] = 0.5,
        jpeg: Annotated[float, Ge(0), Le(1)] = 0.5,
        **options: Any,
    ) -> None:
        super().__init__(random_state=random_state, blur=blur, jpeg=jpeg, **options)
