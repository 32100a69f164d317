#include "discovery/machine.hpp"

#include <cerrno>

#include <sys/stat.h>

namespace tasks::discovery {

Result<RootKey, int> root_key(const inspect::ProcFiles& proc, std::string_view pid_or_self) {
    const auto folder = std::string{pid_or_self} + "/";
    struct stat root{};
    if (::stat(proc.path(folder + "root").c_str(), &root) != 0) {
        return Failure{errno};
    }
    const auto mount = proc.link(folder + "ns/mnt");
    return RootKey{mount ? inspect::namespace_number(*mount) : 0, root.st_dev, root.st_ino};
}

Result<Machine, inspect::Error> read_machine(const inspect::World& world) {
    if (!world.proc.mounted()) {
        return Failure{inspect::Error{inspect::Trouble::not_inspectable,
                                      world.proc.path("self/stat") + ": not there; mount /proc, which tells what "
                                                                     "processes there are (mount -t proc proc /proc)"}};
    }
    Machine machine;
    const auto boot = world.proc.read("sys/kernel/random/boot_id", 64);
    machine.boot_id = boot ? boot->substr(0, boot->find('\n')) : "";
    machine.pid_namespace = world.proc.own_namespace("pid");
    machine.net_namespace = world.proc.own_namespace("net");
    if (const auto root = root_key(world.proc, "self")) {
        machine.root = *root;
    }
    return machine;
}

} // namespace tasks::discovery
