// The agent as a program in C uses it, looked at from outside between its steps.
#include <sys/mman.h>

#include <map>

#include "agent_fixture.hpp"
#include "c_program.h"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;
using Names = std::vector<std::string>;

namespace {

/// What was there at each step.
struct Steps {
    const OwnDirectory& directory;
    std::map<std::string, SeenTable> tables;
    std::map<std::string, std::string> queues; ///< name=depth

    void look(const std::string& step) {
        const std::string table = directory.only(protocol::table_suffix);
        if (table.empty())
            return;
        tables[step] = read_table(table);
        TestClient client{directory.only(protocol::socket_suffix)};
        REQUIRE(client.greet());
        REQUIRE(client.send(protocol::VitalsRequest{}));
        const auto frame = client.receive();
        REQUIRE(frame);
        const auto vitals = protocol::read<protocol::VitalsAnswer>(frame->payload);
        REQUIRE(vitals);
        for (std::uint32_t i = 0; i < vitals->queue_count; ++i)
            queues[step] += std::string(vitals->queues[i].name) + "=" + std::to_string(vitals->queues[i].depth);
    }

    SeenTask only(const std::string& step) {
        INFO(step);
        REQUIRE(tables[step].tasks.size() == 1);
        return tables[step].tasks[0];
    }
};

} // namespace

TEST_CASE("a program in C has every function of the agent") {
    const OwnDirectory directory;
    Steps steps{directory, {}, {}};
    const agent::OwnedFd profile{::memfd_create("profile", MFD_CLOEXEC)};
    REQUIRE(profile);
    const int failed = run_c_program(
        directory.path().c_str(), profile.get(),
        [](void* to, const char* step) { static_cast<Steps*>(to)->look(step); }, &steps);
    CHECK(failed == 0);
    std::string written(1 << 16, '\0');
    written.resize(static_cast<std::size_t>(::pread(profile.get(), written.data(), written.size(), 0)));
    CHECK_THAT(written, Catch::Contains("in the profile"));

    CHECK(steps.tables["started"].facts.name == "c program");
    const SeenTask scopes = steps.only("scopes");
    CHECK(scopes.names == Names{"charge card"});
    CHECK(scopes.label == "request=8431");
    CHECK(scopes.task.wait_reason == protocol::WaitReason::chan_send);
    CHECK(scopes.task.wait_object == reinterpret_cast<std::uintptr_t>(c_program_object()));
    CHECK(scopes.wait_name == "results");
    CHECK(scopes.file.ends_with("c_program.c"));
    CHECK(scopes.line > 0);
    CHECK(steps.only("job alone").label.empty());
    CHECK(steps.only("job alone").task.state == protocol::State::running);
    CHECK(steps.only("unknown wait").task.wait_reason == protocol::WaitReason::unknown);

    const SeenTask queued = steps.only("queued");
    CHECK(queued.names == Names{"send receipt"});
    CHECK(queued.label == "request=9000");
    CHECK(queued.task.wait_reason == protocol::WaitReason::job_queue);
    CHECK(queued.wait_name == "mail queue");
    const SeenTask carried = steps.only("carried");
    CHECK(carried.task.id == queued.task.id);
    CHECK(carried.task.tid == static_cast<std::uint32_t>(::gettid()));
    CHECK(carried.label == "request=9000");

    CHECK(steps.queues["probe"] == "payments queue=42");
    CHECK(steps.queues["no probe"].empty());
    CHECK(steps.tables.count("stopped") == 0);
    CHECK(directory.files().empty());
}
