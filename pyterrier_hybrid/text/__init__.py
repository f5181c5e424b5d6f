"""Words, letters and sentences in many languages."""
