// Files as people read them: without their directory where that leaves no doubt.
#include <catch2/catch.hpp>

#include "render/file_names.hpp"

using namespace tasks;

TEST_CASE("a file is told without its directory unless another has the same name") {
    render::FileNames files;
    for (const char* path : {"/srv/a/main.cpp", "/srv/b/main.cpp", "/srv/a/server.cpp"}) {
        files.add(path);
    }
    REQUIRE(files.place("/srv/a/main.cpp", 3) == "/srv/a/main.cpp:3");
    REQUIRE(files.place("/srv/a/server.cpp", 0) == "server.cpp");
}

TEST_CASE("a path relative to where the program was built is the same file as the whole one") {
    const auto told = [](const char* first, const char* second) {
        render::FileNames files;
        files.add(first);
        files.add(second);
        return files.place(first, 1);
    };
    REQUIRE(told("../../src/main.cpp", "/srv/src/main.cpp") == "main.cpp:1");
    REQUIRE(told("/srv/src/main.cpp", "./src/main.cpp") == "main.cpp:1");
    REQUIRE(told("../../src/main.cpp", "/srv/source/main.cpp") == "../../src/main.cpp:1");
    REQUIRE(told("c/main.cpp", "/srv/src/main.cpp") == "c/main.cpp:1"); // "src" only ends so
}
