"""Text in pictures: documents opened page by page, read by Tesseract, kept once for each picture."""
