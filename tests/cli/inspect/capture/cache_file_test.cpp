#include "capture/cache_file.hpp"

#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "inspect/capture/temporary_directory.hpp"

namespace {

using namespace tasks;

/// A user whose cache is in `home`.
struct Scene {
    Scene() {
        world.euid = ::geteuid();
        world.environment = [this](std::string_view name) -> std::optional<std::string> {
            return name == variable ? std::optional{value} : std::nullopt;
        };
    }
    inspect::CacheFile file(const std::string& name = "things") const { return {world, name, 100}; }
    std::string path(const std::string& name = "things") const { return home.path("tasks/" + name); }

    tests::TemporaryDirectory home;
    std::string variable = "XDG_CACHE_HOME";
    std::string value = home.path();
    inspect::World world;
};

} // namespace

TEST_CASE("a cache file has what was written last, and is for its owner's eyes") {
    Scene scene;
    CHECK(scene.file().read().empty());
    scene.file().write("first");
    scene.file().write("second");
    CHECK(scene.file().read() == "second");
    struct stat facts{};
    REQUIRE(::stat(scene.path().c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    REQUIRE(::stat(scene.home.path("tasks").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0700);
    CHECK_FALSE(std::filesystem::exists(scene.path("things.new")));
}

TEST_CASE("without XDG_CACHE_HOME a cache is below HOME, without either there is none") {
    Scene scene;
    scene.variable = "HOME";
    scene.file().write("text");
    CHECK(std::filesystem::exists(scene.home.path(".cache/tasks/things")));
    scene.variable = "NEITHER";
    CHECK_FALSE(scene.file().possible());
    scene.file().write("text");
    CHECK(scene.file().read().empty());
    scene.variable = "XDG_CACHE_HOME";
    scene.value = "relative";
    CHECK_FALSE(scene.file().possible());
}

TEST_CASE("a cache file that is another user's, or that others may write, is not read") {
    Scene scene;
    scene.file().write("text");
    ++scene.world.euid;
    CHECK(scene.file().read().empty());
    scene.file().write("theirs"); // nor is their directory written to
    --scene.world.euid;
    CHECK(scene.file().read() == "text");
    REQUIRE(::chmod(scene.path().c_str(), 0620) == 0);
    CHECK(scene.file().read().empty());
    REQUIRE(::chmod(scene.path().c_str(), 0600) == 0);
    REQUIRE(::chmod(scene.home.path("tasks").c_str(), 0777) == 0);
    CHECK(scene.file().read().empty());
}

TEST_CASE("links, pipes and files beyond the cap are not read, and writing replaces them") {
    Scene scene;
    scene.file().write("text");
    const std::string other = scene.home.path("other");
    std::ofstream(other) << "other";
    for (const auto& make :
         std::vector<std::function<void()>>{[&] { std::filesystem::create_symlink(other, scene.path()); },
                                            [&] { ::mkfifo(scene.path().c_str(), 0600); },
                                            [&] { std::ofstream(scene.path()) << std::string(101, 'x'); }}) {
        std::filesystem::remove(scene.path());
        make();
        CHECK(scene.file().read().empty());
        scene.file().write("text");
        CHECK(scene.file().read() == "text");
    }
    CHECK(std::filesystem::file_size(other) == 5);
    scene.file().write(std::string(101, 'x'));
    CHECK(scene.file().read() == "text");
}

TEST_CASE("of many cache files the newest are kept") {
    Scene scene;
    for (int i = 0; i < 5; ++i) {
        const std::string name = "module-" + std::to_string(i);
        scene.file(name).write("text");
        const timeval times[2] = {{1000 - i, 0}, {1000 - i, 0}}; // the first is the newest
        REQUIRE(::utimes(scene.path(name).c_str(), times) == 0);
    }
    scene.file().write("of another kind");
    scene.file().keep_newest("module-", 2);
    CHECK(std::filesystem::exists(scene.path("module-0")));
    CHECK(std::filesystem::exists(scene.path("module-1")));
    for (const char* name : {"module-2", "module-3", "module-4"})
        CHECK_FALSE(std::filesystem::exists(scene.path(name)));
    CHECK(scene.file().read() == "of another kind");
}
