"""Evaluation: image sets and checksums, degradations, PSNR and SSIM, model scores, comparisons."""
