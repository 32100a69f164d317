#include "capture/processor_quota.hpp"

#include <catch2/catch.hpp>

#include "inspect/capture/temporary_directory.hpp"

using namespace tasks;
using namespace tasks::inspect;

TEST_CASE("a quota is rounded up to whole processors") {
    CHECK(cpus_of_max("200000 100000\n") == 2);
    CHECK(cpus_of_max("150000 100000\n") == 2);
    CHECK(cpus_of_max("1000 100000\n") == 1);
    for (const auto* none : {"max 100000\n", "", "5", "0 100000", "100000 0", "-1 100000", "x y"}) {
        CHECK_FALSE(cpus_of_max(none));
    }
}

namespace {

struct Groups {
    Groups() { world.proc = ProcFiles{directory.path("proc")}, world.cgroup = directory.path("cgroup"); }
    std::optional<std::uint32_t> with(const std::string& groups) {
        directory.file("proc/7/cgroup", groups);
        return quota_cpus(world, 7);
    }
    tests::TemporaryDirectory directory;
    World world;
};

} // namespace

TEST_CASE("the smallest quota up to the root counts") {
    Groups groups;
    groups.directory.file("cgroup/a/cpu.max", "300000 100000\n");
    groups.directory.file("cgroup/a/b/cpu.max", "700000 100000\n");
    groups.directory.file("cgroup/a/b/c/cpu.max", "max 100000\n");
    CHECK(groups.with("0::/a/b/c\n") == 3);
    CHECK_FALSE(groups.with("0::/other\n"));
}

TEST_CASE("the cpu controller of version 1 counts too") {
    Groups groups;
    groups.directory.file("cgroup/cpu/x/cpu.cfs_quota_us", "250000\n");
    groups.directory.file("cgroup/cpu/x/cpu.cfs_period_us", "100000\n");
    CHECK(groups.with("5:cpuset:/y\n4:cpu,cpuacct:/x\n") == 3);
}

TEST_CASE("no group leads out of the mount") {
    Groups groups;
    groups.directory.file("cpu.max", "100000 100000\n");
    CHECK_FALSE(groups.with("0::/..\n"));
    CHECK_FALSE(groups.with("nonsense\n::\n0:\n"));
}
