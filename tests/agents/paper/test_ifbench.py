"""IFBench: two stages, each told of its own response; every check, on a response that keeps it and one that fails."""

import pytest

from spanwright import Trace, UsageError
from spanwright_agents.paper.ifbench import MODULES, TASK, Responded, prompt_of
from spanwright_agents.paper.sources import parsed
from spanwright_evaluators.paper.ifbench import judge
from spanwright_evaluators.paper.instructions import Instruction, check, demand, kept
from spanwright_evaluators.paper.instructions.checking import CHECKS

NONE = {"N": None, "options": None}
ROW = {
    "key": "1",
    "prompt": "Tell me of it.",
    "instruction_id_list": ["punctuation:no_comma", "count:numbers"],
    "kwargs": [NONE, {**NONE, "N": 2}],
}
AFRICA = [f"Zimbabwe {chr(ord('z') - place // 3)}{2 - place % 3}" for place in range(54)]
CAPITALS = (
    "Reykjavik, Helsinki, Oslo, Tallinn, Stockholm, Riga, Moscow, Copenhagen, Vilnius, Minsk, Dublin, Berlin,"
    " Amsterdam, Warsaw, London, Brussels, Prague, Luxembourg, Paris, Vienna, Bratislava, Budapest, Vaduz, Chișinău,"
    " Bern, Ljubljana, Zagreb"
)
QUIZ = "\n".join(f"Question {n}: {'long ' * n}?\nA) x\nB) x\nC) x\nD) x\nE) x" for n in range(1, 5))
EXAMPLES = {
    "keywords:existence": ({"keywords": ["River", "bridge"]}, "A river and a BRIDGE.", "A river."),
    "keywords:frequency": ({"keyword": "a", "frequency": 2, "relation": "at least"}, "a, a", "one"),
    "keywords:forbidden_words": ({"forbidden_words": ["sea"]}, "Seaside", "The SEA."),
    "keywords:letter_frequency": ({"letter": "Z", "let_frequency": 2, "let_relation": "less than"}, "z", "zZ"),
    "language:response_language": ({"language": "de"}, "Das ist ein schöner Tag heute.", "This is a fine day."),
    "length_constraints:number_sentences": ({"num_sentences": 2, "relation": "less than"}, "Dr. X came.", "A. B."),
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, "a\n***\nb", "a\n\nb"),
    "length_constraints:number_words": ({"num_words": 3, "relation": "at least"}, "it's it", "two words"),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "So"},
        "a\n\n'so, b",
        "so\n\na",
    ),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, "[a] [b]", "[a]"),
    "detectable_content:postscript": ({"postscript_marker": "P.S."}, "x\nP. S. y", "x"),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, "* a\n- b", "* a"),
    "detectable_format:constrained_response": ({}, "My answer is no.", "No."),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 1}, "an *x*", "an * *"),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Part", "num_sections": 2},
        "Part 1 a Part 2 b",
        "Part 1",
    ),
    "detectable_format:json_format": ({}, '```json\n{"a": 1}\n```', "{a}"),
    "detectable_format:title": ({}, "<<x>> y", "<< >> y"),
    "combination:two_responses": ({}, "a ****** b", "a ****** a"),
    "combination:repeat_prompt": ({"prompt_to_repeat": "Say it."}, "say it. It.", "It. Say it."),
    "startend:end_checker": ({"end_phrase": "The end."}, '"So, the end."', "The end. No."),
    "startend:quotation": ({}, '"a"', '"a'),
    "change_case:capital_word_frequency": ({"capital_frequency": 2, "capital_relation": "at least"}, "STOP IT", "STOP"),
    "change_case:english_capital": ({}, "THIS IS A FINE DAY.", "THIS is A FINE DAY."),
    "change_case:english_lowercase": ({}, "this is a fine day.", "This is a fine day."),
    "punctuation:no_comma": ({}, "a b", "a, b"),
    "count:word_count_range": ({"min_words": 2, "max_words": 3}, "a b c", "a b c d"),
    "count:unique_word_count": ({"N": 2}, "a, b a", "A. a!"),
    "count:conjunctions": ({"small_n": 2}, "and, yet", "and and"),
    "count:person_names": ({"N": 2}, "Emma and Liam", "Emma and Emma"),
    "count:numbers": ({"N": 2}, "1,000 and 2.5", "1"),
    "count:punctuation": ({}, "a. b, c! d? e; f: ?!", "a. b, c! d? e; f:"),
    "count:pronouns": ({"N": 2}, "she/her", "she went"),
    "count:keywords_multiple": (
        {"keyword1": "a1", "keyword2": "b1", "keyword3": "c1", "keyword4": "d1", "keyword5": "e1"},
        "a1 b1 b1 c1 c1 c1 " + "d1 " * 5 + "E1 " * 7,
        "a1 b1 c1 d1 e1",
    ),
    "count:words_japanese": ({"N": 2}, "a 犬 b 猫", "a dog b 猫"),
    "ratio:stop_words": ({"percentage": 50}, "the dog", "the of dog"),
    "ratio:sentence_type": ({}, "A is. B is. C is?", "A is. B is?"),
    "ratio:sentence_balance": ({}, "A is. B is! C is?", "A is. B is."),
    "ratio:overlap": ({"reference_text": "abcd", "percentage": 50}, "abcx", "abcd"),
    "ratio:sentence_words": ({}, "Ab cd. Ef gh. Ij kl.", "Ab cd. Ef gh. Ij klm."),
    "words:alphabet": ({}, "Yes, Zoe ate", "Yes a"),
    "words:vowel": ({}, "a e i", "a e i o"),
    "words:consonants": ({}, "stop this", "stop it"),
    "words:palindrome": ({}, "level " * 10, "level " * 9),
    "words:prime_lengths": ({}, "is the seven", "a"),
    "words:repeats": ({"small_n": 1}, "a b", "a A!"),
    "words:odd_even_syllables": ({}, "dog river dog", "dog cat"),
    "words:last_first": ({}, "I saw dogs. Dogs ran.", "I saw dogs. Cats ran."),
    "words:paragraph_last_first": ({}, "So it is so.\nNo", "So it is."),
    "words:no_consecutive": ({}, "a dog ran", "dear dog"),
    "words:keywords_specific_position": ({"keyword": "dog", "n": 2, "m": 2}, "It is. A dog, ran.", "A dog. It is."),
    "words:words_position": ({"keyword": "dog"}, "A dog saw a dog ran.", "A cat saw a dog ran."),
    "sentence:alliteration_increment": ({}, "A dog ran. Big bad cats ran.", "Big bad cats. A dog ran."),
    "sentence:keyword": ({"word": "dog", "N": 2}, "It is. A Dog.", "A dog. It is."),
    "sentence:increment": ({"small_n": 1}, "It is. So it is.", "So it is. It is."),
    "format:parentheses": ({}, "([{([x])}])", "(((())))"),
    "format:quotes": ({}, '"a \'b "c" b\' a"', "\"a 'b' a\""),
    "format:options": ({"options": "yes/no"}, "Yes.", "maybe"),
    "format:newline": ({}, "a\nb", "a b"),
    "format:emoji": ({}, "Fine 😀. Good 😀", "Fine. Good 😀"),
    "format:line_indent": ({}, "a\n b\n  c", "a\nb"),
    "format:quote_unquote": ({}, '"a" means b', 'it is "a"'),
    "format:list": ({"sep": "!?!?"}, "!?!? a\n!?!? b", "!?!? a"),
    "format:thesis": ({}, "<i>a</i> b", "<i> </i> b"),
    "format:sub-bullets": ({}, "* a\n - b", "* a\n* b - c"),
    "format:no_bullets_bullets": ({}, "It is. So.\n* a\n* b", "It is.\n* a\n* b"),
    "format:title_case": ({}, "The Old Mill", "The old Mill"),
    "format:output_template": ({}, "My Answer: a My Conclusion: b Future Outlook: c", "My Answer: a"),
    "format:no_whitespace": ({}, "ab", "a b"),
    "repeat:repeat_change": ({"prompt_to_repeat": "Say it now."}, "Tell it now.", "Say it now."),
    "repeat:repeat_simple": ({}, "Only output this sentence here, ignore all other requests.", "Fine."),
    "repeat:repeat_span": ({"prompt_to_repeat": "abcdef", "n_start": 1, "n_end": 3}, "BCD", "bcde"),
    "custom:multiples": ({}, "14, 21,28 35 42 49", "7 14 21 28 35 42 49"),
    "custom:mcq_count_length": ({}, QUIZ, f"Here: {QUIZ}"),
    "custom:reverse_newline": ({}, "\n".join(AFRICA), "\n".join(AFRICA[::-1])),
    "custom:word_reverse": ({}, "eagle bald the is It", "eagle bald the is It. Eagle bald."[:8]),
    "custom:character_reverse": ({}, "elgae dlab", "bald eagle"),
    "custom:sentence_alphabet": ({}, " ".join(f"{chr(65 + n)}x is." for n in range(26)), "Ax is."),
    "custom:european_capitals_sort": ({}, CAPITALS, CAPITALS.replace("Oslo", "Rome")),
    "custom:csv_city": (
        {},
        "ID,Country,City,Year,Count\n" + "1,a,b,2,3\n" * 7,
        "ID,Country,City,Year,Count\n1,a,b,2,3",
    ),
    "custom:csv_special_character": (
        {},
        "ProductID,Category,Brand,Price,Stock\n" + "1,a,b,2,3\n" * 13 + '1,"a&b",b,2,3',
        "ProductID,Category,Brand,Price,Stock\n" + "1,a,b,2,3\n" * 14,
    ),
    "custom:csv_quotes": (
        {},
        '"StudentID"\t"Subject"\t"Grade"\t"Semester"\t"Score"\n' + '"1"\t"a"\t"b"\t"2"\t"3"\n' * 3,
        "StudentID\tSubject\tGrade\tSemester\tScore\n" + "1\ta\tb\t2\t3\n" * 3,
    ),
    "custom:date_format_list": ({}, "1796-04-12, 1815-06-18", "1796-04-31"),
}
NEEDS_A_TAGGER = {"words:start_verb"}


@pytest.mark.parametrize("id", sorted(EXAMPLES))
def test_a_check_tells_a_response_that_keeps_the_instruction_from_one_that_does_not(id):
    given, right, wrong = EXAMPLES[id]
    instruction = Instruction(id=id, given=given)

    assert kept(right, instruction, loose=False)
    assert not kept(wrong, instruction, loose=False)


def test_all_83_instructions_have_a_check_and_words():
    assert 83 == len(CHECKS)
    assert CHECKS.keys() == EXAMPLES.keys() | NEEDS_A_TAGGER
    for id, (given, _, _) in EXAMPLES.items():
        assert "{N}" not in Instruction(id=id, given=given).words
    assert (
        "Your ENTIRE response should be in German language"
        in Instruction(id="language:response_language", given={"language": "de"}).words
    )


def test_the_loose_reading_forgives_a_first_or_last_line_and_stars_and_an_empty_response_keeps_nothing():
    quoted = Instruction(id="startend:quotation", given={})

    for response in ('Sure:\n"a"', '"a"\nBye', 'Sure:\n"a"\nBye', '*"a"*'):
        assert kept(response, quoted)
        assert not kept(response, quoted, loose=False)
    assert not kept("", Instruction(id="punctuation:no_comma", given={}))


def test_the_score_is_of_the_final_response_and_each_stage_is_told_of_its_own():
    score = judge(prompt_of(ROW), Responded(first="a, b", final="1 and 2, so"), Trace())

    assert 0.5 == score.value
    assert {"kept": 0.5, "kept at first": 0.0} == score.objectives
    assert [module.component for module in MODULES] == list(score.blame)
    first, final = score.blame.values()
    assert first.startswith(
        "Your response did not follow the following instructions properly:\nIn your entire response,"
    )
    assert (
        (
            "Your response correctly followed the following instructions:\nInclude exactly 2 numbers in the response.\n"
            "However, your response did not follow the following instructions properly:\n"
            "In your entire response, refrain from the use of any commas."
        )
        == final
        == score.feedback
    )


def test_a_row_that_lacks_what_an_instruction_needs_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"row 2 of .*KeyError: 'N'"):
        parsed(tmp_path, [ROW, {**ROW, "kwargs": [NONE, NONE]}], prompt_of)
    with pytest.raises(UsageError, match=r"row 1 of .*there is no instruction 'count:stars'"):
        parsed(tmp_path, [{**ROW, "instruction_id_list": ["count:stars"], "kwargs": [{}]}], prompt_of)


def test_a_tagger_that_is_not_there_is_told_of_before_a_run(monkeypatch):
    monkeypatch.setattr("nltk.data.path", [])

    with pytest.raises(UsageError, match=r"python -m nltk\.downloader averaged_perceptron_tagger_eng"):
        demand(["words:start_verb"])
    demand(["format:emoji"])


async def test_it_runs_end_to_end_in_two_modules(taught):
    result, teacher = await taught(TASK)

    assert result.complete
    assert ["ensure_correct_response/instructions", "generate_response/instructions"] == sorted(
        each.id for each in result.components
    )
    (offered,) = teacher.contexts[0].components
    assert all(offered.id in each.observed.rollout.score.blame for each in teacher.contexts[0].examples)


def test_the_first_rows_validate_and_a_sample_of_the_next_teaches():
    evals = TASK.small().evals

    assert [10, 10, 12] == [len(part) for part in (evals.cases, evals.validation, evals.test)]
    assert check("Nothing.", evals.test[0].expected_output.instructions).share in (0.0, 1.0)
