#!/usr/bin/python3
"""The completions for bash, zsh and fish offer the verbs and options that the command's help names, no more and no
less, the values that it names, and the processes that there are. zsh and fish are left out where they are missing."""
# ctest: TIMEOUT 300
import os
import re
import shutil
import signal
import tempfile

from example_process import SOURCE, TASKS, Example, run, tasks, until

COMPLETIONS = os.path.join(SOURCE, "packaging/completions")
VERBS = ["list", "tree", "vitals", "count", "stack", "deadlocks", "leaks", "doctor", "run", "version"]


class Help:
    """What `tasks [VERB] --help` names."""

    def __init__(self, verb):
        text = tasks(*([verb] if verb else []), "--help")
        self.options = set(re.findall(r"(?<=[ ,])--?[a-z][a-z-]*", "\n".join(
            line[:30] for line in text.splitlines() if re.match(r" +-", line))))
        section = re.search(r"^Verbs:\n((?: +.*\n)*)", text, re.M)
        self.verbs = set(re.findall(r"^  ([a-z]+) ", section[1], re.M)) if section else set()
        self.text = re.sub(r"\s+", " ", text)

    def values(self, option):
        listed = re.search({"--state": r"in this state: ([a-z, ]+)", "--kind": r"of this kind: ([a-z, ]+)"}[option],
                           self.text)[1]
        return set(re.split(r", *", listed.split(" -")[0].strip()))


def script(shell, text, directory, *words):
    """What the shell prints; it must be content."""
    result = run(shell, *words, "-c", text, env={**os.environ, "TASKS_DIR": directory, "HOME": directory,
                                                 "XDG_CONFIG_HOME": directory, "XDG_DATA_HOME": directory})
    assert result.returncode == 0 and not result.stderr, f"{shell}: {text}\n{result}"
    return result.stdout.splitlines()


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


class Bash:
    name = "bash"

    def offers(self, line, directory):
        """Completes the line's end as readline does: words are taken apart at =, @ and : too."""
        words = [part for word in line.split(" ")[:-1] for part in re.findall(r"[=@:]+|[^=@:]+", word)]
        words += re.findall(r"[=@:]+|[^=@:]+", line.split(" ")[-1]) or [""]
        text = (f"source {COMPLETIONS}/tasks.bash; COMP_LINE={quoted(line)}; COMP_POINT=${{#COMP_LINE}}; "
                f"COMP_WORDS=({' '.join(map(quoted, words))}); COMP_CWORD={len(words) - 1}; "
                f"_tasks {quoted(TASKS)}; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        offered = {word for word in script("bash", text, directory, "--norc") if word}
        # readline leaves what stands before the last break in place
        kept = re.match(r"(.*[=@:])?", line.split(" ")[-1])[0]
        return {kept + word for word in offered}


class Zsh:
    name = "zsh"

    # The specifications that the real functions hand to zsh's own, which cannot run without a terminal.
    STUBS = """
        _arguments() {
            local spec
            if [[ $1 == -C && -n $verb ]]; then state=arguments line=($verb); return 1; fi
            [[ $1 == -C ]] && _tasks_first
            for spec in "$@"; do print -r -- "spec $spec"; done
        }
        _describe() { local item; for item in ${(P)4}; do print -r -- "word ${item%%:*}"; done }
        _call_program() { shift; eval "$@" }
    """

    def said(self, line, directory, then=""):
        words = line.split(" ")
        verb = words[1] if words[1] in VERBS else ""
        text = (f"{self.STUBS} verb={quoted(verb)}; words=({quoted(TASKS)} {' '.join(map(quoted, words[1:]))}); "
                f"CURRENT={len(words)}; source {COMPLETIONS}/_tasks; {then}")
        return script("zsh", text, directory, "--no-rcs")

    def offers(self, line, directory):
        said = self.said(line, directory)
        specs = [re.sub(r"^spec (\([^)]*\))?", "", text) for text in said if text.startswith("spec ")]
        last = line.split(" ")[-1]
        option = re.match(r"(--[a-z-]+)=", last)
        if option:
            values = [re.search(r":\(([^)]*)\)$", spec)[1] for spec in specs if spec.startswith(option[1] + "=")]
            return {f"{option[1]}={value}" for value in values[0].split() if f"{option[1]}={value}".startswith(last)}
        if last.startswith("-"):
            return {re.match(r"--?[a-z-]+", spec)[0] for spec in specs if spec.startswith("-") and spec != "-C"}
        if any(re.match(r"1:.*_tasks_targets$", spec) for spec in specs):
            said = self.said(line, directory, f"command_word={quoted(TASKS)}; _tasks_targets")
        return {text.split(" ", 1)[1] for text in said if text.startswith("word ") and text.split(" ", 1)[1].startswith(last)}


class Fish:
    name = "fish"

    def offers(self, line, directory):
        line = re.sub(r"^tasks", TASKS, line)
        text = f"source {COMPLETIONS}/tasks.fish; complete -C {quoted(line)}"
        return {word.split("\t")[0] for word in script("fish", text, directory, "--no-config")}


def check_options(shell, directory):
    for verb in [""] + VERBS:
        offered = shell.offers(f"tasks {verb} -" if verb else "tasks -", directory)
        assert offered == Help(verb).options, f"{shell.name}, {verb}: {offered ^ Help(verb).options} differ"


def check_values(shell, directory):
    for option in ("--state", "--kind"):
        expected = {f"{option}={value}" for value in Help("stack").values(option)}
        offered = shell.offers(f"tasks stack {option}=", directory)
        assert offered == expected, f"{shell.name}, {option}: {offered} and not {expected}"
    assert shell.offers("tasks list --color=a", directory) == {"--color=auto", "--color=always"}, shell.name


def expect(shell, line, directory, expected):
    """On a loaded machine the command may give up on a process: then once more."""
    offered = set()
    def right():
        nonlocal offered
        offered = shell.offers(line, directory)
        return offered == expected
    try:
        until(f"{shell.name}: {line!r} offers {expected}", right, patience=30)
    except AssertionError as error:
        raise AssertionError(f"{error}; it offers {offered}") from None


def check_targets(shell, directory, pid, dead):
    """One payments lives, one is dead."""
    for verb in ("vitals", "count", "stack"):
        expect(shell, f"tasks {verb} ", directory, {str(pid), "payments", dead})
    expect(shell, "tasks ", directory, {*VERBS, str(pid), "payments", dead})
    expect(shell, "tasks pay", directory, {"payments"})
    expect(shell, f"tasks stack {dead[:-1]}", directory, {dead})
    for verb in ("list", "run", "version"):
        assert shell.offers(f"tasks {verb} ", directory) == set(), f"{shell.name}: {verb} takes no target"


def check_bash_alone(directory, pid):
    """What only a shell that is given the whole line can show."""
    bash = Bash()
    expect(bash, "tasks stack -p pay", directory, {"payments"})
    expect(bash, "tasks stack --pid=pay", directory, {"--pid=payments"})
    assert bash.offers("tasks stack --state w", directory) == {"waiting"}
    assert bash.offers("tasks --color never stack --state w", directory) == {"waiting"}
    assert bash.offers("tasks stack --match 'a b' pay", directory) == set()  # a quoted word counts as two here
    for done in (f"tasks stack {pid} ", f"tasks stack -p {pid} ", f"tasks {pid} ", f"tasks -p={pid} "):
        assert bash.offers(done, directory) == set(), f"{done}: it has its target"
    file = os.path.join(directory, "one.profile")
    open(file, "w").close()
    assert bash.offers(f"tasks stack --from={file[:-3]}", directory) == {f"--from={file}"}
    assert "--older" in bash.offers(f"tasks stack {pid} --o", directory)


def check_files(shell, directory):
    """--from takes a file; zsh's own function for that needs a terminal."""
    if shell.name == "zsh":
        return
    file = os.path.join(directory, "one.profile")
    open(file, "w").close()
    for before in ("tasks stack --from ", "tasks vitals --from ", "tasks stack --full --from "):
        assert shell.offers(before + file[:-3], directory) == {file}, (shell.name, before)
    assert shell.offers(f"tasks stack --from {file} ", directory) == set(), f"{shell.name}: the file is the target"
    os.remove(file)


def check_nobody(shell):
    """Without processes nothing is offered, and nothing is said."""
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        assert shell.offers("tasks stack ", directory) == set(), shell.name


def check_syntax(shell):
    file = {"bash": "tasks.bash", "zsh": "_tasks", "fish": "tasks.fish"}[shell.name]
    result = run(shell.name, "-n", os.path.join(COMPLETIONS, file))
    assert result.returncode == 0 and not result.stderr, result


def main():
    assert Help("").verbs == set(VERBS), "the help names other verbs than this test"
    shells = [shell for shell in (Bash(), Zsh(), Fish()) if shutil.which(shell.name)]
    with tempfile.TemporaryDirectory(prefix="tasks-test-") as directory:
        with Example("payments", "--requests", "0", directory=directory) as killed:
            killed.end(signal.SIGKILL)
        with Example("payments", "--requests", "0", directory=directory) as living:
            environment = {**os.environ, "TASKS_DIR": directory}
            dead, = re.findall(r"^\d+@\d+", run(TASKS, "list", "--dead", env=environment).stdout, re.M)
            for shell in shells:
                check_syntax(shell)
                check_options(shell, directory)
                check_values(shell, directory)
                check_targets(shell, directory, living.pid, dead)
                check_files(shell, directory)
                check_nobody(shell)
            check_bash_alone(directory, living.pid)
    print("completions of", ", ".join(shell.name for shell in shells), "agree with the command")


main()
