"""Operators that a policy may be made of.

All of them are pure functions of their inputs that end after work which the sizes of their tensors
tell: no loops, no chance, no strings, no sequences, nothing that reads a file. The list covers what
`torch.onnx.export` (both exporters), Stable-Baselines3, CleanRL, sample-factory and RLlib write for
multilayer, convolutional, recurrent and attention networks.
"""

from __future__ import annotations

from typing import Final

DOMAINS: Final = ("", "ai.onnx")
"""Two names of the same standard operators; those of others are a runtime's own."""

_ELEMENTWISE: Final = """
    Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor
    Cast CastLike Ceil Celu Clip Cos Cosh Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual
    HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod
    Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus
    Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
"""
_REDUCING: Final = """
    ArgMax ArgMin CumSum GlobalAveragePool GlobalLpPool GlobalMaxPool Hardmax LogSoftmax ReduceL1
    ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare Softmax TopK
"""
_LAYERS: Final = """
    Attention AveragePool BatchNormalization Conv ConvInteger ConvTranspose DequantizeLinear Dropout
    DynamicQuantizeLinear Einsum Gemm GroupNormalization GRU InstanceNormalization
    LayerNormalization LpNormalization LpPool LRN LSTM MatMul MatMulInteger MaxPool
    MeanVarianceNormalization QLinearConv QLinearMatMul QuantizeLinear RMSNormalization RNN
    RotaryEmbedding
"""
_SHAPES: Final = """
    Compress Concat Constant DepthToSpace EyeLike Flatten Gather GatherElements GatherND Reshape
    ReverseSequence ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze Transpose
    Trilu Unsqueeze
"""

GROWING: Final = frozenset(["ConstantOfShape", "Expand", "OneHot", "Pad", "Range", "Tile"])
"""Those whose output may be as large as the values of an input say, whatever its own size."""

CHOICE: Final = "If"
"""The only one with graphs inside: it runs one of two, once. Exporters write it for a squeeze."""

ALLOWED: Final = (
    frozenset(f"{_ELEMENTWISE} {_REDUCING} {_LAYERS} {_SHAPES} {CHOICE}".split()) | GROWING
)

INSTEAD: Final = {
    "Loop": "unroll it when exporting, or use GRU, LSTM or RNN",
    "Scan": "unroll it when exporting, or use GRU, LSTM or RNN",
    "Resize": "scale observations in the game, or by pooling or ConvTranspose",
    "Upsample": "scale observations in the game, or by pooling or ConvTranspose",
    "NonZero": "use Where or a multiplication by the mask",
    "RandomNormal": "a policy answers logits; who plays it draws",
    "RandomNormalLike": "a policy answers logits; who plays it draws",
    "RandomUniform": "a policy answers logits; who plays it draws",
    "RandomUniformLike": "a policy answers logits; who plays it draws",
    "Multinomial": "a policy answers logits; who plays it draws",
    "Bernoulli": "a policy answers logits; who plays it draws",
}
"""What a policy does without an operator that is often met."""
