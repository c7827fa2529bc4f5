"""Detectors: they score images, and a higher score means more likely fake.

`BUILTINS` names them without importing them. Others come through the entry-point group `fauxbench.detectors`, by
`path/to/file.py:Name`, or by `installed.module:Name`.
"""

BUILTINS = {
    "sentinel-format": "detection.sentinel:SentinelFormat",
    "sentinel-content": "detection.sentinel:SentinelContent",
    "linear-pixel": "detection.linear:LinearPixel",
    "linear-dct": "detection.linear:LinearDCT",
    "linear-log-dct": "detection.linear:LinearLogDCT",
    "linear-fft": "detection.linear:LinearFFT",
    "linear-log-fft": "detection.linear:LinearLogFFT",
    "spectrum": "detection.spectrum:Spectrum",
    "cnn": "detection.cnn:CNN",
    "resnet": "detection.resnet:ResNet",
    "resnet-wang": "detection.resnet_wang:ResNetWang",
    "fingerprint": "detection.fingerprint:Fingerprint",
    "features-knn": "detection.frozen:FeaturesKNN",
    "features-linear": "detection.frozen:FeaturesLinear",
    "backbone": "detection.backbone:Backbone",
    "discriminator": "detection.discriminator:Discriminator",
    "external": "detection.external:External",
}
