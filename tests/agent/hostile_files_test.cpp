// What others may have put where the agent makes its files.
#include <sys/stat.h>

#include <fstream>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;
namespace fs = std::filesystem;

namespace {

std::string line_of(const std::string& path) {
    std::string line;
    std::ifstream file{path};
    std::getline(file, line);
    return line;
}

/// The names that this process's files have in every directory: "PID-START".
std::string instance() {
    const OwnAgent own;
    return fs::path(own.directory().only(protocol::socket_suffix)).stem();
}

} // namespace

TEST_CASE("a directory that is a link is not used") {
    OwnDirectory real;
    OwnDirectory other;
    const std::string link = other.path() + "/link";
    fs::create_directory_symlink(real.path(), link);
    const Agent agent{{.directory = link}};
    CHECK_THAT(std::string(agent.error()), Catch::Contains(link) && Catch::Contains("give another one that you own"));
    CHECK(real.files().empty());
}

TEST_CASE("a directory of another user is not used") {
    OwnDirectory own;
    constexpr uid_t nobody = 65534;
    const bool root = ::geteuid() == 0;
    if (root)
        REQUIRE(::chown(own.path().c_str(), nobody, nobody) == 0);
    const std::string strangers = root ? own.path() : "/usr";
    const Agent agent{{.directory = strangers}};
    CHECK_THAT(std::string(agent.error()),
               Catch::Contains(strangers + ": owned by uid " + (root ? std::to_string(nobody) : "0")));
    CHECK(own.files().empty());
}

TEST_CASE("a link in the place of a file of the agent's is replaced, not followed") {
    const std::string name = instance();
    OwnDirectory directory;
    OwnDirectory elsewhere;
    const std::string victim = elsewhere.path() + "/victim";
    std::ofstream{victim} << "as it was";
    for (const std::string& each : {name + ".sock", name + ".table", "." + name + ".table.new"})
        fs::create_symlink(victim, directory.path() + "/" + each);
    {
        const Agent agent{{.directory = directory.path()}};
        CHECK(agent.error().empty());
        CHECK(fs::is_socket(fs::symlink_status(directory.path() + "/" + name + ".sock")));
        CHECK(fs::is_regular_file(fs::symlink_status(directory.path() + "/" + name + ".table")));
    }
    CHECK(line_of(victim) == "as it was");
    CHECK(directory.files().empty());
}

TEST_CASE("a directory in the place of the socket is told, and the table works without it") {
    const std::string name = instance();
    OwnDirectory directory;
    fs::create_directory(directory.path() + "/" + name + ".sock");
    const Agent agent{{.directory = directory.path()}};
    CHECK_THAT(std::string(agent.error()), Catch::Contains(name + ".sock") && Catch::Contains("only the table tells"));
    CHECK(read_table(directory.path() + "/" + name + ".table").facts.pid == static_cast<std::uint32_t>(::getpid()));
}

TEST_CASE("what lies in the place of dead processes' tables neither holds up the start nor is removed") {
    OwnDirectory directory;
    const auto path = [&](const char* name) { return directory.path() + "/" + name; };
    REQUIRE(::mkfifo(path("11-1.table").c_str(), 0600) == 0);
    std::ofstream{path("12-1.table")} << "no table";
    std::ofstream{path("13-1.table")};
    fs::create_directory(path("14-1.table"));
    fs::create_symlink("/dev/zero", path("15-1.table"));
    std::ofstream{path("16-1.table")};
    fs::resize_file(path("16-1.table"), std::uintmax_t{1} << 42);
    for (int i = 0; i < 20; ++i)
        std::ofstream{path(("17-" + std::to_string(i) + ".table").c_str())} << std::string(4096, '\xff');
    const std::size_t before = directory.files().size();
    {
        const Agent agent{{.directory = directory.path()}};
        CHECK(agent.error().empty());
        CHECK(directory.files().size() == before + 2);
    }
    CHECK(directory.files().size() == before);
}
