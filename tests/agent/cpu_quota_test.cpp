// CPU quotas of cgroups, from files as kernels write them.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "agent_fixture.hpp"
#include "cpu_quota.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

/// A root directory with /proc/self and cgroup files.
class FakeRoot {
public:
    void write(const std::string& path, const std::string& text) const {
        const std::filesystem::path file = directory_.path() + path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file} << text;
    }
    std::optional<std::uint32_t> quota() const {
        std::array<char, 8192> text;
        return agent::cgroup_cpu_quota(directory_.path(), text);
    }
    std::optional<std::uint32_t> online() const { return agent::online_cpus(directory_.path()); }

    FakeRoot& version_2(const std::string& group, const std::string& root = "/") {
        write("/proc/self/cgroup", "0::" + group + "\n");
        write("/proc/self/mountinfo",
              "22 1 0:20 / /proc rw,nosuid - proc proc rw\n"
              "30 23 0:26 " +
                  root + " /sys/fs/cgroup rw,nosuid,nodev shared:9 master:1 - cgroup2 cgroup2 rw,nsdelegate\n");
        return *this;
    }
    FakeRoot& version_1(const std::string& group, const std::string& root) {
        write("/proc/self/cgroup", "12:memory:/elsewhere\n4:cpu,cpuacct:" + group + "\n1:name=systemd:/x\n0::/x\n");
        write("/proc/self/mountinfo", "31 30 0:27 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
                                      "33 30 0:29 " +
                                          root +
                                          " /sys/fs/cgroup/cpu,cpuacct rw shared:5 - cgroup cgroup rw,cpu,cpuacct\n");
        return *this;
    }

private:
    OwnDirectory directory_;
};

} // namespace

TEST_CASE("A version 2 quota is rounded up to whole CPUs") {
    FakeRoot root;
    root.version_2("/app");
    root.write("/sys/fs/cgroup/app/cpu.max", "150000 100000\n");
    CHECK(root.quota() == 2u);
    root.write("/sys/fs/cgroup/app/cpu.max", "200000 100000\n");
    CHECK(root.quota() == 2u);
    root.write("/sys/fs/cgroup/app/cpu.max", "5000 100000\n");
    CHECK(root.quota() == 1u);
}

TEST_CASE("The smallest quota on the way to the mount counts") {
    FakeRoot root;
    root.version_2("/slice/app/inner");
    root.write("/sys/fs/cgroup/slice/app/inner/cpu.max", "max 100000\n");
    root.write("/sys/fs/cgroup/slice/app/cpu.max", "800000 100000\n");
    root.write("/sys/fs/cgroup/slice/cpu.max", "300000 100000\n");
    CHECK(root.quota() == 3u);
}

TEST_CASE("Files above the mount are not looked at") {
    FakeRoot root;
    root.version_2("/app");
    root.write("/sys/fs/cpu.max", "100000 100000\n");
    root.write("/sys/fs/cgroup/app/cpu.max", "400000 100000\n");
    CHECK(root.quota() == 4u);
}

TEST_CASE("No limit is no quota") {
    FakeRoot root;
    root.version_2("/");
    CHECK_FALSE(root.quota());
    root.write("/sys/fs/cgroup/cpu.max", "max 100000\n");
    CHECK_FALSE(root.quota());
}

TEST_CASE("A container that sees only its own group finds its quota there") {
    FakeRoot root;
    root.version_2("/docker/abc", "/docker/abc");
    root.write("/sys/fs/cgroup/cpu.max", "250000 100000\n");
    CHECK(root.quota() == 3u);
}

TEST_CASE("A version 1 quota is read from the cpu hierarchy") {
    FakeRoot root;
    root.version_1("/app", "/");
    root.write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "350000\n");
    root.write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000\n");
    CHECK(root.quota() == 4u);
    root.write("/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "-1\n");
    CHECK_FALSE(root.quota());
}

TEST_CASE("A version 1 container finds its quota at the mount") {
    FakeRoot root;
    root.version_1("/docker/abc", "/docker/abc");
    root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    root.write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK(root.quota() == 1u);
}

TEST_CASE("Damaged or missing files are no quota") {
    FakeRoot root;
    CHECK_FALSE(root.quota());
    root.version_2("/app");
    for (const char* text :
         {"", "x y\n", "0 100000\n", "100000 0\n", "100000\n", "-5 100000\n", "99999999999999999999999 100000\n"}) {
        root.write("/sys/fs/cgroup/app/cpu.max", text);
        INFO(text);
        CHECK_FALSE(root.quota());
    }
    root.write("/proc/self/mountinfo", "garbage\n - \n");
    CHECK_FALSE(root.quota());
}

TEST_CASE("The online CPUs are counted from their ranges") {
    FakeRoot root;
    CHECK_FALSE(root.online());
    for (const auto& [text, count] : std::vector<std::pair<std::string, std::uint32_t>>{
             {"0\n", 1}, {"0-3\n", 4}, {"0-3,8-11\n", 8}, {"0,2,4-5\n", 4}}) {
        root.write("/sys/devices/system/cpu/online", text);
        CHECK(root.online() == count);
    }
    root.write("/sys/devices/system/cpu/online", "3-1\n");
    CHECK_FALSE(root.online());
}

TEST_CASE("This machine has CPUs, and this process may use at least one") {
    CHECK(agent::online_cpus("").value_or(0) >= 1);
    CHECK(agent::affinity_cpus().value_or(0) >= 1);
}
