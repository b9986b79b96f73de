"""Evaluation: image sets and their checksums, degradations, PSNR and SSIM, scores of models, comparison pages."""
