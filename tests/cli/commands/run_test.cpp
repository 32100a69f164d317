#include "commands/run.hpp"

#include <array>
#include <csignal>

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "discovery/fake_machine.hpp"
#include "inspect/capture/fake_agent.hpp"
#include "inspect/capture/made_table.hpp"

using namespace tasks;
using tasks::tests::FakeMachine;

namespace {

/// The command in front of a fake machine whose agents live in one directory.
struct Scene {
    Scene() { machine.environment["TASKS_DIR"] = directory.path(); }

    /// Status, standard output and standard error.
    struct Ran {
        int status = 0;
        std::string output;
        std::string errors;
    };
    Ran run(const std::vector<std::string>& arguments) const {
        const inspect::FileDescriptor output{::open(into.path("output").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)};
        const inspect::FileDescriptor errors{::open(into.path("errors").c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)};
        Ran ran;
        ran.status = commands::run(machine.world(), arguments, {output.get(), errors.get()});
        ran.output = *inspect::read_file(into.path("output"), 1u << 20);
        ran.errors = *inspect::read_file(into.path("errors"), 1u << 20);
        return ran;
    }

    void leave_table(std::uint32_t pid, std::uint64_t start) const {
        tests::MadeTable table{pid, start};
        table.header.pid_namespace = FakeMachine::pid_namespace;
        std::copy_n(FakeMachine::boot_id, table.header.boot_id.size(), table.header.boot_id.begin());
        const auto site = table.site("charge card", "charge(Card&)", "payments.cpp", 31);
        table.job(site);
        table.thread(pid, {site});
        table.write_to(directory.path(protocol::instance_name(pid, start) + ".table"));
    }

    FakeMachine machine;
    tests::TemporaryDirectory directory;
    tests::TemporaryDirectory into;
};

bool has(const std::string& text, const std::string& what) { return text.find(what) != std::string::npos; }

} // namespace

TEST_CASE("version is told, in JSON too") {
    const Scene scene;
    CHECK(scene.run({"version"}).output.starts_with("tasks 0.1.0"));
    CHECK(has(scene.run({"version", "--json"}).output, "\"schema\":1,\"version\":\"0.1.0\""));
}

TEST_CASE("wrong usage is status 2, on the errors or as JSON on the output") {
    const Scene scene;
    const auto text = scene.run({"vitals"});
    CHECK(text.status == 2);
    CHECK(text.output.empty());
    CHECK(text.errors.starts_with("tasks: "));
    const auto json = scene.run({"vitals", "--json"});
    CHECK(json.status == 2);
    CHECK(json.errors.empty());
    CHECK(has(json.output, R"("error":{"code":"usage","message":)"));
}

TEST_CASE("a living agent is counted, one that hangs is told from its table and marked") {
    Scene scene;
    scene.machine.process(12, 345, {.threads = 3});
    scene.machine.process(13, 346, {.threads = 3});
    const tests::FakeAgent well{scene.directory.path(), 12, 345, tests::answer_everything};
    const tests::FakeAgent hung{scene.directory.path(), 13, 346, [](tests::Connection& peer) { peer.stall(); }};
    scene.leave_table(13, 346);
    const auto count = scene.run({"count", "12", "--timeout", "200s"});
    CHECK(count.status == 0);
    CHECK(count.output == "3\n");
    const auto list = scene.run({"list", "--json", "--timeout", "8s"});
    CHECK(list.status == 0);
    CHECK(has(list.output, R"("name":"fake","state":"answers")"));
    CHECK(has(list.output, R"("name":"made","state":"hung")"));
    // Two jobs, one on a thread, and one of the two threads besides the agent's carries none.
    CHECK(has(list.output, R"("tasks":3,"threads":2,)"));
}

TEST_CASE("an agent that sends garbage does not hide the others from list") {
    Scene scene;
    scene.machine.process(12, 345);
    scene.machine.process(13, 346);
    const tests::FakeAgent well{scene.directory.path(), 12, 345, tests::answer_everything};
    const tests::FakeAgent bad{scene.directory.path(), 13, 346,
                               [](tests::Connection& peer) { peer.hear(), peer.say("garbage, much of it"); }};
    const auto list = scene.run({"list", "--timeout", "200s"});
    CHECK(list.status == 0);
    CHECK(has(list.output, "fake"));
    CHECK(has(list.output, "13-346.sock"));
    const auto vitals = scene.run({"vitals", "13", "--timeout", "200s"});
    CHECK(vitals.status == 5);
    CHECK(has(vitals.errors, "13-346.sock"));
}

TEST_CASE("the dead are listed and told") {
    const Scene scene;
    scene.leave_table(12, 345);
    CHECK(has(scene.run({"list", "--dead"}).output, "12@345"));
    CHECK_FALSE(has(scene.run({"list"}).output, "made"));
    const auto stack = scene.run({"stack", "12@345"});
    CHECK(stack.status == 0);
    CHECK(has(stack.output, "charge card"));
    CHECK(scene.run({"count", "12@345"}).output == "2\n");
    CHECK(scene.run({"stack", "12"}).status == 3);
}

TEST_CASE("without /proc each verb that needs it says so with status 3") {
    const Scene scene;
    auto world = scene.machine.world();
    world.proc = inspect::ProcFiles{"/nonexistent"};
    const inspect::FileDescriptor nowhere{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"list"}, {"vitals", "12"}, {"count", "12"}, {"stack", "12"}, {"12"}}) {
        CHECK(commands::run(world, words, {nowhere.get(), nowhere.get()}) == 3);
    }
    CHECK(commands::run(world, {"version"}, {nowhere.get(), nowhere.get()}) == 0);
}

TEST_CASE("a reader that has gone ends the command quietly") {
    const Scene scene;
    ::signal(SIGPIPE, SIG_IGN);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ::close(ends[0]);
    const inspect::FileDescriptor closed{ends[1]};
    const inspect::FileDescriptor errors{::open(scene.into.path("errors").c_str(), O_RDWR | O_CREAT, 0600)};
    CHECK(commands::run(scene.machine.world(), {"list"}, {closed.get(), errors.get()}) == 0);
    CHECK(inspect::read_file(scene.into.path("errors"), 100)->empty());
}

TEST_CASE("an output that cannot be written is told") {
    const Scene scene;
    const inspect::FileDescriptor full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
    if (!full) {
        WARN("/dev/full is not there");
        return;
    }
    const inspect::FileDescriptor errors{::open(scene.into.path("errors").c_str(), O_RDWR | O_CREAT, 0600)};
    CHECK(commands::run(scene.machine.world(), {"list"}, {full.get(), errors.get()}) == 5);
    CHECK(has(*inspect::read_file(scene.into.path("errors"), 1000), "standard output cannot be written"));
}

TEST_CASE("colour is a matter of the option, NO_COLOR and the terminal") {
    Scene scene;
    scene.leave_table(12, 345);
    const std::string escape = "\x1b[";
    CHECK_FALSE(has(scene.run({"list", "--dead"}).output, escape)); // a file is no terminal
    CHECK(has(scene.run({"list", "--dead", "--color", "always"}).output, escape));
    scene.machine.environment["NO_COLOR"] = "1";
    CHECK(has(scene.run({"list", "--dead", "--color", "always"}).output, escape));
    CHECK_FALSE(has(scene.run({"list", "--dead", "--color", "never"}).output, escape));
}
