// Where the socket is put, and what is said when it cannot be.
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "agent_fixture.hpp"
#include "server.hpp"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

agent::OwnedFd open_directory(const std::string& path) {
    return agent::OwnedFd{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
}

} // namespace

TEST_CASE("The socket has mode 0600 whatever the umask is") {
    OwnDirectory directory;
    const mode_t before = ::umask(0);
    const auto listener = agent::listen_in(open_directory(directory.path()).get(), directory.path(), "1-2.sock");
    ::umask(before);
    REQUIRE(listener);
    struct stat status{};
    REQUIRE(::stat((directory.path() + "/1-2.sock").c_str(), &status) == 0);
    CHECK(S_ISSOCK(status.st_mode));
    CHECK((status.st_mode & 0777) == 0600);
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("A file of that name is replaced") {
    OwnDirectory directory;
    std::ofstream{directory.path() + "/1-2.sock"} << "left behind";
    const auto listener = agent::listen_in(open_directory(directory.path()).get(), directory.path(), "1-2.sock");
    REQUIRE(listener);
    CHECK(TestClient{directory.path() + "/1-2.sock"}.connected());
}

TEST_CASE("A directory whose path is longer than a socket's address may be works") {
    OwnDirectory directory;
    const std::string path = directory.path() + "/" + std::string(120, 'd');
    REQUIRE(std::filesystem::create_directory(path));
    const auto fd = open_directory(path);
    const auto listener = agent::listen_in(fd.get(), path, "1-2.sock");
    REQUIRE(listener);
    CHECK(TestClient{"/proc/self/fd/" + std::to_string(fd.get()) + "/1-2.sock"}.connected());
}

TEST_CASE("A socket that cannot be made says which and why") {
    OwnDirectory directory;
    const std::string path = directory.path() + "/gone";
    REQUIRE(std::filesystem::create_directory(path));
    const auto fd = open_directory(path);
    REQUIRE(std::filesystem::remove(path));
    const auto listener = agent::listen_in(fd.get(), path, "1-2.sock");
    REQUIRE_FALSE(listener);
    CHECK_THAT(listener.error(),
               Catch::StartsWith("socket " + path + "/1-2.sock: ") && Catch::Contains("No such file or directory"));
}

TEST_CASE("A directory that was exchanged for another is not used") {
    OwnDirectory directory;
    const std::string path = directory.path() + "/place";
    REQUIRE(std::filesystem::create_directory(path));
    const auto fd = open_directory(path);
    std::filesystem::rename(path, directory.path() + "/moved");
    REQUIRE(std::filesystem::create_directory(path));
    CHECK_FALSE(agent::listen_in(fd.get(), path, "1-2.sock"));
}
