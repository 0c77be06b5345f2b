"""llama.cpp in this process: one loaded model, and who computes what with it when."""
