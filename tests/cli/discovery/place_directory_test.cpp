#include "discovery/place_directory.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::discovery;

TEST_CASE("a directory that is not there is nothing, not a problem") {
    const tests::TemporaryDirectory directory;
    const auto opened = open_place(-1, directory.path("none"));
    CHECK_FALSE(opened.place);
    CHECK_FALSE(opened.problem);
    directory.file("file", "");
    CHECK_FALSE(open_place(-1, directory.path("file")).problem);
}

TEST_CASE("files of agents are listed, each process once") {
    const tests::TemporaryDirectory directory;
    for (const auto* name :
         {"12-345.sock", "12-345.table", "13-1.table", "x.sock", "012-3.sock", ".hidden", "12-345"}) {
        directory.file(name, "");
    }
    const auto opened = open_place(-1, directory.path());
    REQUIRE(opened.place);
    const auto all = list_place(*opened.place);
    REQUIRE(all.size() == 2);
    CHECK(all[0].inner_pid == 12);
    CHECK(all[0].has_socket);
    CHECK(all[0].has_table);
    CHECK(all[1].start_time_ticks == 1);
    CHECK_FALSE(all[1].has_socket);
    CHECK(list_place(*opened.place).size() == 2); // again
    CHECK(find_in_place(*opened.place, 13, 1));
    CHECK_FALSE(find_in_place(*opened.place, 13, 2));
}

TEST_CASE("a directory that others may write to is not believed, unless it is sticky") {
    const tests::TemporaryDirectory directory;
    REQUIRE(::chmod(directory.path().c_str(), 0777) == 0);
    const auto opened = open_place(-1, directory.path());
    CHECK_FALSE(opened.place);
    REQUIRE(opened.problem);
    CHECK(opened.problem->sentence.find("chmod go-w") != std::string::npos);
    REQUIRE(::chmod(directory.path().c_str(), 01777) == 0);
    CHECK(open_place(-1, directory.path()).place);
}

TEST_CASE("no link leads out of another root") {
    const tests::TemporaryDirectory outside;
    const tests::TemporaryDirectory root;
    outside.file("12-345.table", "outside");
    std::filesystem::create_directories(root.path("inside"));
    root.link("absolute", outside.path());
    root.link("relative", "../../../../../../../../.." + outside.path());
    root.link("harmless", "/inside");
    const inspect::FileDescriptor fd{::open(root.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    CHECK_FALSE(open_place(fd.get(), "/absolute").place);
    CHECK_FALSE(open_place(fd.get(), "/relative").place);
    CHECK_FALSE(open_place(fd.get(), "/../../../../../.." + outside.path()).place);
    CHECK(open_place(fd.get(), "/harmless").place); // absolute in its own root
}
