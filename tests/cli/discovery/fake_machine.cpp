#include "discovery/fake_machine.hpp"

#include <unistd.h>

namespace tasks::tests {
namespace {

std::string bracketed(const std::string& kind, std::uint64_t number) {
    return kind + ":[" + std::to_string(number) + "]";
}

} // namespace

FakeMachine::FakeMachine() : euid(::geteuid()) {
    proc_.file("self/stat", "1 (self) S 0 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 10 0 0");
    namespaces("self", {});
    proc_.file("sys/kernel/random/boot_id", std::string{boot_id} + "\n");
    proc_.file("net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n");
}

void FakeMachine::namespaces(const std::string& folder, const Facts& facts) const {
    proc_.link(folder + "/ns/pid", bracketed("pid", pid_namespace));
    proc_.link(folder + "/ns/net", bracketed("net", facts.net_namespace));
    proc_.link(folder + "/ns/mnt", bracketed("mnt", facts.mount_namespace));
    proc_.link(folder + "/root", facts.root);
}

void FakeMachine::process(std::uint32_t pid, std::uint64_t start, const Facts& facts) {
    const auto folder = std::to_string(pid);
    const auto uid = std::to_string(facts.uid == ~0u ? euid : facts.uid);
    const auto inner = facts.inner_pid == 0 ? "" : "\t" + std::to_string(facts.inner_pid);
    proc_.file(folder + "/stat", folder + " (" + facts.command + ") " + facts.state + " 1 1 1 0 -1 " +
                                     std::to_string(facts.flags) + " 0 0 0 0 0 0 0 0 20 0 " +
                                     std::to_string(facts.threads) + " 0 " + std::to_string(start) + " 0 0\n");
    proc_.file(folder + "/status", "Name:\t" + facts.command + "\nUid:\t" + uid + "\t" + uid + "\t" + uid + "\t" + uid +
                                       "\nGid:\t0\t0\t0\t0\nNSpid:\t" + folder + inner + "\n");
    proc_.file(folder + "/environ", facts.environ);
    proc_.file(folder + "/maps", "");
    proc_.link(folder + "/exe", "/srv/bin/" + facts.command);
    namespaces(folder, facts);
}

void FakeMachine::end(std::uint32_t pid) { std::filesystem::remove_all(proc_.path(std::to_string(pid))); }

inspect::World FakeMachine::world() const {
    inspect::World world;
    world.proc = inspect::ProcFiles{proc_.path()};
    world.euid = euid;
    world.environment = [variables = environment](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    world.clock = &clock_;
    return world;
}

} // namespace tasks::tests
