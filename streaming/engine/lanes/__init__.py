"""llama.cpp in this process: one loaded model, and which slot computes which request when."""
