#include "discovery/verdict_cache.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "discovery/fake_machine.hpp"

using namespace tasks;
using namespace tasks::discovery;

namespace {

/// A user's cache directory; each cache() reads what the last wrote.
struct Scene {
    Scene() {
        fake.environment["XDG_CACHE_HOME"] = home.path();
        world = fake.world();
        machine.boot_id = tests::FakeMachine::boot_id;
        machine.pid_namespace = tests::FakeMachine::pid_namespace;
    }
    VerdictCache cache() { return VerdictCache{world, machine}; }
    std::string file() const { return home.path("tasks/processes"); }
    void remember(const VerdictCache::Key& key, bool verdict) {
        auto one = cache();
        one.keep(key, verdict);
        one.save();
    }
    std::string text() const {
        std::ifstream stream(file(), std::ios::binary);
        std::ostringstream all;
        all << stream.rdbuf();
        return all.str();
    }

    tests::FakeMachine fake;
    tests::TemporaryDirectory home;
    inspect::World world;
    Machine machine;
};

const VerdictCache::Key service{12, 345, VerdictCache::program_hash("/srv/bin/service")};

} // namespace

TEST_CASE("a verdict is found again for the same process and program alone") {
    Scene scene;
    CHECK_FALSE(scene.cache().find(service));
    scene.remember(service, true);
    CHECK(scene.cache().find(service) == std::optional{true});
    CHECK_FALSE(scene.cache().find({12, 346, service.program}));     // the pid is another process's
    CHECK_FALSE(scene.cache().find({12, 345, service.program + 1})); // exec()
    CHECK_FALSE(scene.cache().find({13, 345, service.program}));
}

TEST_CASE("what was not asked for again is forgotten") {
    Scene scene;
    scene.remember(service, true);
    scene.remember({13, 400, 1}, true);
    CHECK_FALSE(scene.cache().find(service));
    CHECK(scene.cache().find({13, 400, 1}));
}

TEST_CASE("a cache of another boot or pid namespace is none") {
    Scene scene;
    scene.remember(service, true);
    scene.machine.pid_namespace += 1;
    CHECK_FALSE(scene.cache().find(service));
    scene.machine.pid_namespace -= 1;
    scene.machine.boot_id = "c0ffee00-0000-4000-8000-000000000002";
    CHECK_FALSE(scene.cache().find(service));
}

TEST_CASE("a verdict from the future, or a no that is old, does not count") {
    Scene scene;
    const auto head = "tasks-processes 1 " + scene.machine.boot_id + " " + std::to_string(scene.machine.pid_namespace);
    const auto now = scene.world.clock->boottime_ns() / 1'000'000'000;
    const auto put = [&](bool verdict, std::uint64_t checked) {
        scene.home.file("tasks/processes",
                        head + "\n12 345 7 " + (verdict ? "1" : "0") + " " + std::to_string(checked) + "\n");
        REQUIRE(::chmod(scene.home.path("tasks").c_str(), 0700) == 0);
        REQUIRE(::chmod(scene.file().c_str(), 0600) == 0);
        return scene.cache().find({12, 345, 7});
    };
    CHECK(put(true, now) == std::optional{true});
    CHECK(put(false, now) == std::optional{false});
    CHECK_FALSE(put(true, now + 1000));
    if (now > 100) {
        CHECK(put(true, now - 100) == std::optional{true});
        CHECK_FALSE(put(false, now - 100));
    }
}

TEST_CASE("lines that are not as they should be are passed over, whatever they say") {
    Scene scene;
    scene.remember(service, true);
    const auto good = scene.text();
    const auto head = good.substr(0, good.find('\n') + 1);
    for (const std::string line : {"12", "12 345", "-1 345 7 1 0", "99999999999999999999 1 1 1 1", "12 345 7 2 0",
                                   "12 345 7 1 0 9", "12\t345 7 1 0", "\x1b[31m", "12 345 xyz 1 0"}) {
        scene.home.file("tasks/processes", head + line + "\n");
        CHECK_FALSE(scene.cache().find({12, 345, 7}));
    }
    scene.home.file("tasks/processes", head + "12 345 7 1 0"); // cut
    CHECK_FALSE(scene.cache().find({12, 345, 7}));
    scene.home.file("tasks/processes", "");
    CHECK_FALSE(scene.cache().find({12, 345, 7}));
}

TEST_CASE("a cache that others may write, or a link to one, is not read") {
    Scene scene;
    scene.remember(service, true);
    REQUIRE(::chmod(scene.file().c_str(), 0622) == 0);
    CHECK_FALSE(scene.cache().find(service));
    REQUIRE(::chmod(scene.file().c_str(), 0600) == 0);
    REQUIRE(::chmod(scene.home.path("tasks").c_str(), 0777) == 0);
    CHECK_FALSE(scene.cache().find(service));
    REQUIRE(::chmod(scene.home.path("tasks").c_str(), 0700) == 0);
    CHECK(scene.cache().find(service));
    REQUIRE(::rename(scene.file().c_str(), scene.home.path("elsewhere").c_str()) == 0);
    scene.home.link("tasks/processes", scene.home.path("elsewhere"));
    CHECK_FALSE(scene.cache().find(service));
}

TEST_CASE("a link in the place of the new file is not followed, and what cannot be written is done without") {
    Scene scene;
    scene.home.file("victim", "precious");
    scene.home.link("tasks/processes.new", scene.home.path("victim"));
    REQUIRE(::chmod(scene.home.path("tasks").c_str(), 0700) == 0);
    scene.remember(service, true);
    std::ifstream victim(scene.home.path("victim"));
    std::string content;
    victim >> content;
    CHECK(content == "precious");
    scene.fake.environment["XDG_CACHE_HOME"] = "relative";
    scene.fake.environment["HOME"] = "/nonexistent/home";
    scene.world = scene.fake.world();
    scene.remember(service, true);
    CHECK_FALSE(scene.cache().find(service));
}
