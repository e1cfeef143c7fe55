"""The page (Streamlit). It reads the published version and computes nothing that a mart could hold."""
