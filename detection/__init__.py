"""Detectors: they score images, and a higher score means more likely fake.

`BUILTINS` names them without importing them. Others come through the entry-point group `fauxbench.detectors`, by
`path/to/file.py:Name`, or by `installed.module:Name`.
"""

BUILTINS = {
    "sentinel-format": "detection.detectors.sentinel:SentinelFormat",
    "sentinel-content": "detection.detectors.sentinel:SentinelContent",
    "linear-pixel": "detection.detectors.linear:LinearPixel",
    "linear-dct": "detection.detectors.linear:LinearDCT",
    "linear-log-dct": "detection.detectors.linear:LinearLogDCT",
    "linear-fft": "detection.detectors.linear:LinearFFT",
    "linear-log-fft": "detection.detectors.linear:LinearLogFFT",
    "spectrum": "detection.detectors.spectrum:Spectrum",
    "cnn": "detection.detectors.cnn:CNN",
    "resnet": "detection.detectors.resnet:ResNet",
    "resnet-wang": "detection.detectors.resnet_wang:ResNetWang",
    "fingerprint": "detection.detectors.fingerprint:Fingerprint",
    "features-knn": "detection.detectors.frozen:FeaturesKNN",
    "features-linear": "detection.detectors.frozen:FeaturesLinear",
    "backbone": "detection.detectors.backbone:Backbone",
    "discriminator": "detection.detectors.discriminator:Discriminator",
    "external": "detection.detectors.external:External",
    "npr": "detection.detectors.npr:NPR",
    "patch": "detection.detectors.patch:Patch",
    "residual-srm": "detection.detectors.residual:ResidualSRM",
    "residual-bayar": "detection.detectors.residual:ResidualBayar",
    "dct-cnn": "detection.detectors.dct_cnn:DCTCNN",
}
