"""Where image sets come from; each source is one file.

`BUILTINS` names them without importing them. Others come through the entry-point group `fauxbench.datasets`.
"""

BUILTINS = {
    "digits": "data.sources.digits:Digits",
    "mnist": "data.sources.mnist:Mnist",
    "cifar10": "data.sources.cifar10:Cifar10",
    "celeba": "data.sources.celeba:CelebA",
    "folder": "data.sources.folder:Folder",
}
