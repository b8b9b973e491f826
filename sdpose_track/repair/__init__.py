"""What a person puts right in a recording: identities, names, keypoints. Pure values; no files."""
