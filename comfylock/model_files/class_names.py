"""Classes that pickled models commonly hold: their packages' own code, more than torch allows.

A pickle that makes one of these runs that class's code, which torch refuses by default; it is what
whole models (`torch.save(model)`) and old training checkpoints are made of, no sign of an attack.
"""

from __future__ import annotations

_TORCH_MODULES = {
    "activation": "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU "
    "LogSigmoid LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid "
    "Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold",
    "batchnorm": "BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm",
    "channelshuffle": "ChannelShuffle",
    "container": "Container ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "conv": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": "InstanceNorm1d InstanceNorm2d InstanceNorm3d",
    "linear": "Bilinear Identity Linear NonDynamicallyQuantizableLinear",
    "loss": "BCELoss BCEWithLogitsLoss CrossEntropyLoss HuberLoss KLDivLoss L1Loss MSELoss "
    "NLLLoss SmoothL1Loss",
    "module": "Module",
    "normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "padding": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d "
    "ConstantPad3d ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d "
    "ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
    "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d MaxPool1d MaxPool2d "
    "MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d",
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "sparse": "Embedding EmbeddingBag",
    "transformer": "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
    "TransformerEncoderLayer",
    "upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
}
_OTHERS = {
    "argparse": "Namespace",
    "copyreg": "_reconstructor __newobj__",
    "builtins": "object",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "joblib.numpy_pickle": "NumpyArrayWrapper",
    "numpy.random._pickle": "__randomstate_ctor __generator_ctor __bit_generator_ctor",
    "numpy.random._mt19937": "MT19937",
    "omegaconf.base": "ContainerMetadata Metadata",
    "omegaconf.dictconfig": "DictConfig",
    "omegaconf.listconfig": "ListConfig",
    "omegaconf.nodes": "AnyNode StringNode IntegerNode FloatNode BooleanNode",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "pytorch_lightning.callbacks.model_checkpoint": "ModelCheckpoint",
    "pytorch_lightning.callbacks.early_stopping": "EarlyStopping",
    "pytorch_lightning.utilities.parsing": "AttributeDict",
    "lightning_fabric.utilities.data": "AttributeDict",
    "torch": "Generator dtype layout memory_format",
    "torch._C": "_reconstruct_tensor_from_buffer",
    "torch.jit._pickle": "build_boollist build_doublelist build_intlist build_tensor_from_id "
    "build_tensorlist restore_type_tag",
    "torch.nn.utils.parametrizations": "_WeightNorm",
    "torch.optim.adam": "Adam",
    "torch.optim.adamw": "AdamW",
    "torch.optim.sgd": "SGD",
    "torch.optim.lr_scheduler": "LambdaLR StepLR CosineAnnealingLR",
    "ultralytics.nn.modules": "Bottleneck C2f C3 Classify Concat Conv DFL DWConv Detect Pose Proto "
    "SPPF Segment",
    "ultralytics.yolo.utils": "IterableSimpleNamespace",
    "ultralytics.nn.modules.block": "Bottleneck C2f C3 C3k2 C3k DFL SPPF C2PSA PSABlock Attention "
    "Proto",
    "ultralytics.nn.modules.conv": "Conv Concat DWConv",
    "ultralytics.nn.modules.head": "Detect Segment Pose OBB Classify",
    "ultralytics.nn.tasks": "DetectionModel SegmentationModel PoseModel ClassificationModel",
    "ultralytics.utils": "IterableSimpleNamespace",
    "uuid": "UUID",
}

CLASSES: frozenset[tuple[str, str]] = frozenset(
    {
        (f"torch.nn.modules.{module}", name)
        for module, names in _TORCH_MODULES.items()
        for name in names.split()
    }
    | {(module, name) for module, names in _OTHERS.items() for name in names.split()}
)
"""Exactly these, as (module, name)."""
