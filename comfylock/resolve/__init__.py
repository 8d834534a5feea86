"""From what workflows need to pins: policy, and the questions that it takes."""
