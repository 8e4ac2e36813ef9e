"""`spanwright paper`: a row beside the published ones, and a clear word where data are missing."""

from spanwright_agents.paper.published import published


def test_official_data_are_asked_for_before_anything_is_spent(spanwright, folder):
    ended = spanwright("paper", "hotpotqa", "--model", "openai:gpt-4.1-mini")

    assert 2 == ended.exit_code
    assert "HotpotQA needs its official data: hotpot_train_v1.1.json (566 MB, CC BY-SA 4.0)" in ended.stderr
    assert "--data FOLDER, add --download to fetch them, or try --quick" in ended.stderr
    assert not (folder / ".spanwright").exists()


def test_a_folder_without_the_data_is_told_what_to_fetch(spanwright, folder):
    ended = spanwright("paper", "hotpotqa", "--data", str(folder), "--model", "openai:gpt-4.1-mini")

    assert 2 == ended.exit_code
    assert "there is no hotpot_train_v1.1.json in" in ended.stderr
    assert "curl -L -o hotpot_train_v1.1.json http://curtis.ml.cmu.edu" in ended.stderr


def test_published_figures_are_those_of_the_paper():
    known = published("hotpotqa")

    assert 69.0 == known.scores["GPT-4.1-mini"]["GEPA"]
    assert 42.33 == known.scores["Qwen3-8B"]["no optimizer"]
    assert 69 == known.trees["GEPA, GPT-4.1-mini"].reflections
