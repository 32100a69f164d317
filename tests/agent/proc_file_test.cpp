// Lines, words and numbers of /proc texts.
#include <catch2/catch.hpp>

#include <fcntl.h>

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include "agent_fixture.hpp"
#include "proc_file.hpp"

using namespace tasks::agent;
using tasks::test::OwnDirectory;

namespace {

std::vector<std::string> lines_of(const std::string& text, std::size_t buffer_bytes) {
    OwnDirectory directory;
    const std::string path = directory.path() + "/text";
    std::ofstream{path} << text;
    std::vector<char> buffer(buffer_bytes);
    Lines lines{open_for_reading(AT_FDCWD, path.c_str()), buffer};
    std::vector<std::string> found;
    std::string_view line;
    while (lines.next(line))
        found.emplace_back(line);
    return found;
}

} // namespace

TEST_CASE("Lines are found whatever the size of the buffer") {
    const std::vector<std::string> expected{"one", "", "three three", "four"};
    for (std::size_t bytes = 12; bytes < 40; ++bytes)
        CHECK(lines_of("one\n\nthree three\nfour\n", bytes) == expected);
}

TEST_CASE("A line longer than the buffer is left out, the others are not") {
    const std::string text = "a\n" + std::string(100, 'x') + "\nb\n" + std::string(16, 'y') + "\nc\n";
    CHECK(lines_of(text, 16) == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("A last line without its end is not told") { CHECK(lines_of("a\nb", 16) == std::vector<std::string>{"a"}); }

TEST_CASE("A file that cannot be opened has no lines") {
    std::array<char, 16> buffer;
    Lines lines{open_for_reading(AT_FDCWD, "/proc/self/there-is-no-such-file"), buffer};
    std::string_view line;
    CHECK_FALSE(lines.next(line));
}

TEST_CASE("A file is read to its end or to the end of the memory") {
    OwnDirectory directory;
    const std::string path = directory.path() + "/text";
    std::ofstream{path} << "0123456789";
    std::array<char, 16> large;
    CHECK(read_file(AT_FDCWD, path.c_str(), large) == 10);
    std::array<char, 4> small;
    CHECK(read_file(AT_FDCWD, path.c_str(), small) == 4);
    CHECK(read_file(AT_FDCWD, (path + "x").c_str(), large) == -ENOENT);
}

TEST_CASE("A number after a label is found at the beginning of a line only") {
    const std::string_view text = "Name:\tVmRSS: 7\nVmRSS:\t   1234 kB\nVmHWM:\n";
    std::uint64_t number = 0;
    CHECK(labelled_number(text, "VmRSS:", number));
    CHECK(number == 1234);
    CHECK_FALSE(labelled_number(text, "VmHWM:", number));
    CHECK_FALSE(labelled_number(text, "VmSwap:", number));
}

TEST_CASE("Numbers and words are taken from the front") {
    std::string_view text = "7f-80 rest  of";
    std::uint64_t number = 0;
    REQUIRE(take_number(text, number, 16, '-'));
    CHECK(number == 0x7f);
    REQUIRE(take_number(text, number, 16, ' '));
    CHECK(number == 0x80);
    CHECK_FALSE(take_number(text, number, 10, ' '));
    CHECK(take_word(text) == "rest");
    CHECK(take_word(text) == "of");
    CHECK(take_word(text).empty());
}
