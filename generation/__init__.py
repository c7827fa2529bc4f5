"""Generators: they learn from real images and make fakes.

`BUILTINS` names them without importing them. Others come through the entry-point group
`fauxbench.generators`, by `path/to/file.py:Name`, or by `installed.module:Name`.
"""

BUILTINS = {
    "dcgan": "generation.dcgan.generator:DCGAN",
    "flow": "generation.flow.generator:Flow",
    "autoencoder": "generation.swap.generator:Autoencoder",
    "gaussian": "generation.gaussian:Gaussian",
    "folder": "generation.folder:Folder",
    "real-copy": "generation.controls:RealCopy",
    "noise": "generation.controls:Noise",
}
