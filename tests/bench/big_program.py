"""Builds a program with some 200 MB of debug information: big_program.py DIRECTORY prints its path. One unit is compiled
by g++ once; its assembly is then copied under other names, which takes a tenth of the time. Its threads wait in 20 of
the units, below inlined calls and templates. It says "ready" and stays until its standard input ends: PROGRAM THREADS."""
import os
import subprocess
import sys

CLASSES = 10
MEGABYTES = 200
USED_UNITS = 20
FIRST = "unitaaa"

HEAD = """#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>
#include <unistd.h>
namespace unitaaa {
template <class T> inline __attribute__((always_inline)) void wait_in(T& orders, int fd) {
    char byte;
    if (read(fd, &byte, 1) < 0)
        orders.fill(fd);
}
"""
CLASS = """struct Order@ {
    std::map<int, std::vector<std::pair<std::string, Part@>>> parts;
    std::unordered_map<std::string, std::function<int(Part@&)>> hooks;
    void fill(int n) {
        for (int i = 0; i < n; ++i)
            parts[i].emplace_back(std::to_string(i), Part@{i});
        for (auto& [key, list] : parts)
            std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.second.n < b.second.n; });
        hooks["fill"] = [this](Part@& part) { return part.n + static_cast<int>(parts.size()); };
    }
};
"""
TAIL = """__attribute__((noinline)) void enter(int fd) {
    Order0 orders;
    auto go = [&orders, fd] { wait_in(orders, fd); };
    go();
    orders.fill(0);
}
}
extern "C" __attribute__((noinline)) void unitaaa_run(int fd) {
    unitaaa::enter(fd);
    asm volatile("");
}
"""


def name(number):
    return "unit" + "".join(chr(ord("a") + number // 26 ** place % 26) for place in (2, 1, 0))


def unit_source():
    parts = [HEAD]
    for i in range(CLASSES):
        parts.append(f"struct Part{i} {{ int n; }};\n" + CLASS.replace("@", str(i)))
        parts.append(f"void use{i}(int n) {{ Order{i} order; order.fill(n); }}\n")
    return "".join(parts) + TAIL


def main_source(units):
    declared = "".join(f'extern "C" void {name(i)}_run(int);\n' for i in range(units))
    table = ", ".join(f"{name(i)}_run" for i in range(units))
    return f"""#include <cstdio>
#include <cstdlib>
#include <thread>
#include <unistd.h>
{declared}
int main(int, char** words) {{
    void (*runs[])(int) = {{{table}}};
    int ends[2];
    if (pipe(ends) != 0)
        return 1;
    for (int i = 0; i < std::atoi(words[1]); ++i)
        std::thread{{runs[i % {min(units, USED_UNITS)} * {max(1, units // USED_UNITS)}], ends[0]}}.detach();
    usleep(300000);
    std::puts("ready");
    std::fflush(stdout);
    char byte;
    while (read(0, &byte, 1) > 0) {{
    }}
    _exit(0);
}}
"""


def run(*words, **options):
    subprocess.run(words, check=True, **options)


def assemble(text, path):
    run("as", "-o", path, "-", input=text.encode())


def debug_bytes(path):
    lines = subprocess.run(["size", "-A", path], check=True, capture_output=True, text=True).stdout.splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(".debug"))


def build(directory):
    program = os.path.join(directory, "big_program")
    if os.path.exists(program):
        return program
    os.makedirs(directory, exist_ok=True)
    run("g++", "-std=c++20", "-O1", "-g", "-x", "c++", "-", "-S", "-o", f"{directory}/unit.s", input=unit_source().encode())
    with open(f"{directory}/unit.s", encoding="utf-8") as file:
        text = file.read()
    assemble(text, f"{directory}/{FIRST}.o")
    units = max(USED_UNITS, -(-MEGABYTES * 1_000_000 // debug_bytes(f"{directory}/{FIRST}.o")))
    for i in range(1, units):
        assemble(text.replace(FIRST, name(i)), f"{directory}/{name(i)}.o")
    objects = [f"{directory}/{name(i)}.o" for i in range(units)]
    run("g++", "-std=c++20", "-O1", "-g", "-x", "c++", "-", "-x", "none", *objects, "-pthread", "-o", program,
        input=main_source(units).encode())
    for path in [*objects, f"{directory}/unit.s"]:
        os.unlink(path)
    return program


if __name__ == "__main__":
    print(build(sys.argv[1]))
