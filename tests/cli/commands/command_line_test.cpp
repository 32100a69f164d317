#include "commands/command_line.hpp"

#include <catch2/catch.hpp>

using namespace tasks;
using namespace tasks::commands;

namespace {

using Arguments = std::vector<std::string>;

Invocation asked(const Arguments& arguments) {
    const auto parsed = parse_command_line(arguments);
    if (const auto* wrong = std::get_if<WrongUsage>(&parsed)) {
        FAIL(wrong->error.sentence);
    }
    REQUIRE(std::holds_alternative<Invocation>(parsed));
    return std::get<Invocation>(parsed);
}

WrongUsage refused(const Arguments& arguments) {
    const auto parsed = parse_command_line(arguments);
    REQUIRE(std::holds_alternative<WrongUsage>(parsed));
    const auto wrong = std::get<WrongUsage>(parsed);
    CHECK(wrong.error.trouble == inspect::Trouble::usage);
    CHECK(wrong.error.sentence.ends_with("; see tasks --help"));
    return wrong;
}

} // namespace

TEST_CASE("nothing is list, a target alone is the summary") {
    CHECK(asked({}).verb == Verb::list);
    CHECK(asked({"--json"}).verb == Verb::list);
    CHECK(asked({"--json"}).json);
    CHECK(asked({"12336"}).verb == Verb::summary);
    CHECK(asked({"payments"}).target.name == "payments");
    CHECK(asked({"-p", "12"}).verb == Verb::summary);
    CHECK(asked({"12336", "--json"}).json);
}

TEST_CASE("all ways to name a pid are the same") {
    for (const auto& words : {Arguments{"vitals", "12"},
                              {"vitals", "-p", "12"},
                              {"vitals", "-p=12"},
                              {"vitals", "-p12"},
                              {"vitals", "--pid", "12"},
                              {"vitals", "--pid=12"}}) {
        const auto invocation = asked(words);
        CHECK(invocation.verb == Verb::vitals);
        CHECK(invocation.target.pid == 12);
    }
}

TEST_CASE("a verb wins over a process of that name, which stays reachable behind a verb") {
    CHECK(asked({"list"}).verb == Verb::list);
    const auto behind = asked({"vitals", "list"});
    CHECK(behind.verb == Verb::vitals);
    CHECK(behind.target.name == "list");
    CHECK(asked({"-p", "list"}).target.name == "list");
}

TEST_CASE("options of stack are read and checked") {
    const auto stack = asked({"stack", "12@8812", "--full", "--state", "waiting", "--kind=job", "--older", "30s",
                              "--match", "charge|query", "--limit", "5"})
                           .stack;
    CHECK(stack.full);
    CHECK(stack.state == protocol::State::waiting);
    CHECK(stack.kind == protocol::Kind::job);
    CHECK(stack.older_ns == 30'000'000'000u);
    CHECK(stack.match == "charge|query");
    CHECK(stack.limit == 5u);
    CHECK(asked({"stack", "12"}).touch);
    CHECK_FALSE(asked({"stack", "12", "--no-touch"}).touch);
    CHECK_FALSE(asked({"stack", "12"}).debuginfod);
    CHECK(asked({"stack", "12", "--debuginfod"}).debuginfod);
    CHECK(asked({"deadlocks", "12", "--debuginfod"}).debuginfod);
}

TEST_CASE("an open memory goes with a file alone") {
    CHECK(asked({"stack", "--from", "-"}).memory_fd == -1);
    CHECK(asked({"stack", "--from", "-", "--memory", "3", "--timeout", "2000ms"}).memory_fd == 3);
    CHECK(refused({"stack", "12", "--memory", "3"}).error.sentence.starts_with("--memory: it goes with --from"));
    for (const auto* wrong : {"0", "-1", "2147483648", "3x"}) {
        CHECK(refused({"stack", "--from", "-", "--memory", wrong}).error.sentence.find("the number of an open file") !=
              std::string::npos);
    }
}

TEST_CASE("options of every verb are read before and after it") {
    CHECK(asked({"--json", "vitals", "12"}).json);
    CHECK(asked({"vitals", "12", "--json"}).json);
    CHECK(asked({"list", "--dead"}).dead);
    CHECK(asked({"list", "--color", "never"}).colour == Colour::never);
    CHECK(asked({"list", "--color=always"}).colour == Colour::always);
    CHECK(asked({"count", "12", "--timeout", "200ms"}).timeout_ns == 200'000'000u);
    CHECK(asked({"count", "12"}).timeout_ns == 1'000'000'000u);
    CHECK(asked({"version", "--json"}).verb == Verb::version);
}

TEST_CASE("wrong usage is a sentence") {
    for (const auto& words : {Arguments{"vitals"},
                              {"count"},
                              {"stack", "--full"},
                              {"vitals", "12", "13"},
                              {"vitals", "12", "-p", "13"},
                              {"vitals", "0"},
                              {"vitals", "-p"},
                              {"list", "12"},
                              {"12", "list"},
                              {"version", "12"},
                              {"list", "--full"},
                              {"vitals", "12", "--limit", "1"},
                              {"vitals", "12", "--no-touch"},
                              {"vitals", "12", "--debuginfod"},
                              {"stack", "12", "--limit", "0"},
                              {"stack", "12", "--limit", "-1"},
                              {"stack", "12", "--limit", "x"},
                              {"stack", "12", "--older", "30"},
                              {"stack", "12", "--state", "asleep"},
                              {"stack", "12", "--kind", "process"},
                              {"stack", "12", "--match", "("},
                              {"stack", "12", "--match", "a{2,1}"},
                              {"list", "--color", "blue"},
                              {"list", "--timeout", "0s"},
                              {"list", "--timeout", "2d"},
                              {"--frobnicate"},
                              {"stack", "12", "--match", std::string(5000, 'a')}}) {
        INFO((words.empty() ? "" : words.back()));
        CHECK_FALSE(refused(words).json);
    }
    CHECK(refused({"vitals", "--json"}).json);
}

TEST_CASE("what was not understood is named with what is allowed") {
    CHECK(refused({"stack", "12", "--state", "asleep"}).error.sentence.find("asleep") != std::string::npos);
    CHECK(refused({"stack", "12", "--state", "asleep"}).error.sentence.find("waiting") != std::string::npos);
    CHECK(refused({"--frobnicate"}).error.sentence.find("--frobnicate") != std::string::npos);
}

TEST_CASE("each wrong usage has words of its own") {
    const auto said = [](const Arguments& words) {
        const auto sentence = refused(words).error.sentence;
        return sentence.substr(0, sentence.rfind("; see tasks --help"));
    };
    CHECK(said({"vitals", "--pid"}) == "--pid: its value is missing");
    CHECK(said({"stack", "12", "--limit"}) == "--limit: its value is missing");
    CHECK(said({"stack", "12", "--limit", "1", "--limit", "2"}) == "--limit: given more than once; give it once");
    CHECK(said({"version", "--timeout", "1s"}) == "--timeout 1s: not understood by version");
    CHECK(said({"vitals", "12", "13", "14"}) == "13 14: not understood by vitals");
    CHECK(said({"12", "--full"}) == "--full: not understood without a verb");
    CHECK(said({"stak", "12"}) == "stak: no verb has that name; after a TARGET without a verb, 12 is too much");
    CHECK(said({"12", "13"}) == "13: not understood without a verb");
    CHECK(said({"stack", "12", "--full=x"}) == "flags take no value, --full = x has one");
    CHECK(
        said({"stack"}) ==
        "stack needs a TARGET: a PID, a name, or PID@START, which tasks list shows; or --from, or --core, and a file");
}

TEST_CASE("an empty value is not one that was not given") {
    for (const auto* option :
         {"--limit", "--state", "--kind", "--older", "--match", "--from", "--timeout", "--color"}) {
        INFO(option);
        CHECK(refused({"stack", "12", option, ""}).error.sentence.find(std::string{option} + ": its value is empty") ==
              0);
    }
    CHECK(refused({"stack", "-p", ""}).error.sentence.find("its value is empty") != std::string::npos);
    CHECK(refused({"stack", ""}).error.sentence.starts_with("TARGET: its value is empty"));
    CHECK(refused({""}).error.sentence.starts_with("TARGET: its value is empty"));
}

TEST_CASE("what follows -- is no option") {
    CHECK(asked({"stack", "--", "-x"}).target.name == "-x");
    CHECK(asked({"stack", "--full", "--", "12"}).stack.full);
}

TEST_CASE("whether a timeout was given is known") {
    CHECK_FALSE(asked({"stack", "12"}).timeout_given);
    CHECK(asked({"stack", "12", "--timeout", "1s"}).timeout_given);
}

TEST_CASE("help as a verb is --help") {
    const auto text = [](const Arguments& words) { return std::get<HelpText>(parse_command_line(words)).text; };
    CHECK(text({"help"}) == text({"--help"}));
    CHECK(text({"help", "stack"}) == text({"stack", "--help"}));
    CHECK(asked({"vitals", "help"}).target.name == "help");
}

TEST_CASE("help is text, of the command and of each verb") {
    for (const auto& words : {Arguments{"--help"},
                              {"-h"},
                              {"list", "--help"},
                              {"vitals", "--help"},
                              {"count", "-h"},
                              {"stack", "--help"},
                              {"version", "--help"},
                              {"vitals", "12", "--help"}}) {
        const auto parsed = parse_command_line(words);
        REQUIRE(std::holds_alternative<HelpText>(parsed));
        CHECK(std::get<HelpText>(parsed).text.find("Usage: tasks ") != std::string::npos);
    }
    const auto stack = std::get<HelpText>(parse_command_line({"stack", "--help"})).text;
    CHECK(stack.find("Usage: tasks stack TARGET [OPTIONS]") != std::string::npos);
    CHECK(stack.find("--older") != std::string::npos);
}

TEST_CASE("what follows -- of run is the program's, whatever it looks like") {
    const auto invocation = asked({"run", "--name", "a server", "--children", "--", "prog", "--json", "--", "-p"});
    CHECK(invocation.verb == Verb::run);
    CHECK(invocation.name == "a server");
    CHECK(invocation.children);
    CHECK_FALSE(invocation.json);
    CHECK(invocation.command == Arguments{"prog", "--json", "--", "-p"});
    CHECK_FALSE(asked({"run", "--", "prog"}).children);
    CHECK(asked({"--json", "run", "--", "prog"}).json);
}

TEST_CASE("run without a program is refused, and a program without run") {
    CHECK(refused({"run"}).error.sentence.starts_with("run needs a program"));
    CHECK(refused({"run", "--"}).error.sentence.starts_with("run needs a program"));
    CHECK(refused({"run", "--name", std::string(64, 'a'), "--", "prog"}).error.sentence.starts_with("--name"));
    CHECK(refused({"run", "--name", "", "--", "prog"}).error.sentence.starts_with("--name"));
    CHECK(refused({"vitals", "run", "--", "prog"}).error.sentence.starts_with("prog: only tasks run"));
    refused({"run", "prog"});
}
