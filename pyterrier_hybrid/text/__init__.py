"""Text in many languages: language codes, normalisation, letters, sentences and index terms."""
