"""The page of `obskit dev` in the browser: requests as they come, and the story of each."""
