"""Names that a pickle may import without anything running: the ones that torch itself allows.

Source: torch/_weights_only_unpickler.py, and numpy's own way to pickle an array.
"""

from __future__ import annotations

from comfylock.model_files.tables import words

_STORED = words(
    "BFloat16 Bool Byte Char ComplexDouble ComplexFloat Double Float Half Int Long QInt32 QInt8 "
    "QUInt2x4 QUInt4x2 QUInt8 Short Untyped Typed"
)
_TENSORS = words("BFloat16 Bool Byte Char Double Float Half Int Long Short")
_DTYPES = words(
    "bfloat16 bits16 bits1x8 bits2x4 bits4x2 bits8 bool complex128 complex32 complex64 float16 "
    "float32 float4_e2m1fn_x2 float64 float8_e4m3fn float8_e4m3fnuz float8_e5m2 float8_e5m2fnuz "
    "float8_e8m0fnu int1 int16 int2 int3 int32 int4 int5 int6 int64 int7 int8 uint1 uint16 uint2 "
    "uint3 uint32 uint4 uint5 uint6 uint64 uint7 uint8 qint32 qint8 quint2x4 quint4x2 quint8 "
    "per_channel_affine per_channel_affine_float_qparams per_channel_symmetric "
    "per_tensor_affine per_tensor_symmetric"
)
_REBUILDS = words(
    "_rebuild_device_tensor_from_cpu_tensor _rebuild_device_tensor_from_numpy "
    "_rebuild_meta_tensor_no_storage _rebuild_nested_tensor _rebuild_parameter "
    "_rebuild_parameter_with_state _rebuild_qtensor _rebuild_sparse_tensor _rebuild_tensor "
    "_rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_wrapper_subclass"
)
_VALUES = words("bool bytearray bytes complex dict float frozenset int list set slice str tuple")
_SCALARS = words(
    "bool bool_ bytes_ complex128 complex64 datetime64 float16 float32 float64 int16 int32 int64 "
    "int8 longdouble str_ timedelta64 uint16 uint32 uint64 uint8 void"
)
_DTYPE_CLASSES = words(
    "BoolDType BytesDType Complex128DType Complex64DType Float16DType "
    "Float32DType Float64DType Int16DType Int32DType Int64DType Int8DType ObjectDType StrDType "
    "UInt16DType UInt32DType UInt64DType UInt8DType VoidDType"
)

TRUSTED: frozenset[tuple[str, str]] = frozenset(
    {
        ("_codecs", "encode"),
        ("collections", "Counter"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("collections", "deque"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("numpy", "dtype"),
        ("numpy", "ndarray"),
        ("torch", "Size"),
        ("torch", "Tensor"),
        ("torch", "device"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("torch.nn.parameter", "Parameter"),
        ("torch.serialization", "_get_layout"),
        ("torch.storage", "TypedStorage"),
        ("torch.storage", "UntypedStorage"),
    }
    | {("builtins", name) for name in _VALUES}
    | {("numpy", name) for name in _SCALARS}
    | {("numpy.dtypes", name) for name in _DTYPE_CLASSES}
    | {
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, name in (
            ("multiarray", "_reconstruct"),
            ("multiarray", "scalar"),
            ("numeric", "_frombuffer"),
        )
    }
    | {("torch._utils", name) for name in _REBUILDS}
    | {("torch", name) for name in _DTYPES}
    | {(module, f"{name}Storage") for module in ("torch", "torch.cuda") for name in _STORED}
    | {
        (module, f"{name}Tensor")
        for module in ("torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse")
        for name in _TENSORS
    }
)
"""Exactly these, as (module, name): what is one letter away is not."""
