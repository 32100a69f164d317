// The help of the command and of each verb, byte by byte.
#include "commands/command_line.hpp"

#include <catch2/catch.hpp>

#include "render/golden.hpp"

using namespace tasks::commands;

namespace {

std::string help_of(std::vector<std::string> words) {
    words.emplace_back("--help");
    const auto parsed = parse_command_line(words);
    REQUIRE(std::holds_alternative<HelpText>(parsed));
    return std::get<HelpText>(parsed).text;
}

} // namespace

TEST_CASE("help of the command", "[golden]") {
    const auto text = help_of({});
    tasks::render::check_golden("help.txt", text);
    CHECK(text.find("__targets") == std::string::npos); // for shells, not for people
}

TEST_CASE("help of each verb", "[golden]") {
    for (const std::string verb :
         {"list", "tree", "vitals", "count", "stack", "deadlocks", "leaks", "doctor", "run", "version"}) {
        tasks::render::check_golden("help_" + verb + ".txt", help_of({verb}));
    }
}
