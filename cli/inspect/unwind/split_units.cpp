#include "unwind/split_units.hpp"

#include <dwarf.h>

#include <array>
#include <cstring>
#include <utility>

namespace tasks::inspect {

namespace {

constexpr std::size_t longest_name = 4096; // PATH_MAX
constexpr std::size_t largest_section = 256 << 20;
constexpr std::size_t most_units_in_a_file = 10'000; // clang's link-time optimization puts many into one

constexpr std::array<const char*, 6> sections_of_a_unit{".debug_info.dwo",        ".debug_abbrev.dwo",
                                                        ".debug_str_offsets.dwo", ".debug_str.dwo",
                                                        ".debug_line.dwo",        ".debug_rnglists.dwo"};

struct EndDwarf {
    void operator()(Dwarf* dwarf) const noexcept { dwarf_end(dwarf); }
};

std::uint8_t type_of(const Dwarf_Die& unit, std::uint64_t& id) {
    std::uint8_t type = 0;
    return dwarf_cu_info(unit.cu, nullptr, &type, nullptr, nullptr, &id, nullptr, nullptr) == 0 ? type : std::uint8_t{};
}

std::string text_of(Dwarf_Die& unit, unsigned attribute) {
    Dwarf_Attribute found;
    const char* text = dwarf_attr(&unit, attribute, &found) == nullptr ? nullptr : dwarf_formstring(&found);
    return text == nullptr ? std::string{} : std::string{text, ::strnlen(text, longest_name)};
}

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

std::vector<std::unique_ptr<ElfImage>> opened(const std::string& path, std::uint32_t pid) {
    std::vector<std::unique_ptr<ElfImage>> images;
    const auto add = [&images](Result<OpenFile> file) {
        if (!file)
            return;
        if (auto image = ElfImage::from_file(*std::move(file)))
            images.push_back(std::make_unique<ElfImage>(*std::move(image)));
    };
    if (path.empty() || path.front() != '/')
        return images;
    add(OpenFile::open(path));
    if (pid != 0)
        add(OpenFile::open_in_root_of(pid, path));
    return images;
}

bool has_unit(const ElfImage& image, std::uint64_t wanted) {
    const std::unique_ptr<Dwarf, EndDwarf> dwarf{dwarf_begin_elf(image.elf(), DWARF_C_READ, nullptr)};
    Dwarf_CU* unit = nullptr;
    for (std::size_t i = 0; dwarf && i < most_units_in_a_file; ++i) {
        Dwarf_Die die;
        std::uint64_t id = 0;
        if (dwarf_get_units(dwarf.get(), unit, &unit, nullptr, nullptr, &die, nullptr) != 0)
            return false;
        if (type_of(die, id) == DW_UT_split_compile && id == wanted)
            return true;
    }
    return false;
}

// Writes a path over the name in the skeleton, and puts back what was there.
class LentName {
public:
    LentName(Dwarf_Die& unit, ElfImage& image, const std::string& path) {
        Dwarf_Attribute name;
        if (dwarf_attr(&unit, DW_AT_dwo_name, &name) == nullptr &&
            dwarf_attr(&unit, DW_AT_GNU_dwo_name, &name) == nullptr)
            return;
        if (dwarf_whatform(&name) == DW_FORM_string) // amid the unit's attributes: nothing behind it may change
            return;
        at_ = place(name, image, path.size() + 1);
        if (at_ == nullptr)
            return;
        kept_.assign(at_, path.size() + 1);
        std::memcpy(at_, path.c_str(), path.size() + 1);
    }
    ~LentName() {
        if (at_ != nullptr)
            std::memcpy(at_, kept_.data(), kept_.size());
    }
    LentName(const LentName&) = delete;
    LentName& operator=(const LentName&) = delete;

    bool is_lent() const { return at_ != nullptr; }

private:
    static char* place(Dwarf_Attribute& name, ElfImage& image, std::size_t size) {
        for (const char* section : {".debug_str", ".debug_line_str"}) {
            if (char* found = image.writable(section, dwarf_formstring(&name), size))
                return found;
            if (image.writable(section, dwarf_formstring(&name), 1) == nullptr)
                continue;
            image.pad_section(section); // its last name
            return image.writable(section, dwarf_formstring(&name), size);
        }
        return nullptr;
    }

    char* at_ = nullptr;
    std::string kept_;
};

} // namespace

void SplitUnits::open_packages() {
    if (std::exchange(packages_tried_, true))
        return;
    std::vector<std::string> paths{program_.path + ".dwp"};
    if (debug_path_ != program_.path) {
        paths.push_back(debug_path_ + ".dwp");
        if (debug_path_.ends_with(".debug"))
            paths.push_back(debug_path_.substr(0, debug_path_.size() - 6) + ".dwp");
    }
    for (const std::string& path : paths)
        for (auto& image : opened(path, program_.pid))
            packages_.push_back(std::move(image));
}

NamedSections SplitUnits::in_package(std::uint64_t id) {
    open_packages();
    for (const auto& package : packages_)
        if (auto sections = DebugPackage{*package}.unit(id); !sections.empty())
            return sections;
    return {};
}

NamedSections SplitUnits::in_own_file(const Wanted& wanted) const {
    if (wanted.name.empty())
        return {};
    std::vector<std::string> paths;
    if (wanted.name.front() == '/') {
        paths.push_back(wanted.name);
    } else {
        paths = {wanted.directory + "/" + wanted.name, directory_of(debug_path_) + "/" + wanted.name};
    }
    for (const std::string& path : paths)
        for (auto& image : opened(path, program_.pid)) {
            if (!has_unit(*image, wanted.id))
                continue;
            NamedSections sections;
            for (const char* name : sections_of_a_unit)
                sections.emplace_back(name, image->plain_bytes(name, largest_section));
            return sections;
        }
    return {};
}

NamedSections SplitUnits::found(const Wanted& wanted) {
    auto sections = in_package(wanted.id);
    if (sections.empty())
        sections = in_own_file(wanted);
    if (sections.empty() && problem_.empty())
        problem_ = program_.path + ": its split debug information " + wanted.name +
                   " is not there, or not of this build: calls inlined there are not shown; put it, or " +
                   program_.path + ".dwp, in its place";
    return sections;
}

Dwarf_Die SplitUnits::full(Dwarf_Die unit, ElfImage& image) {
    Wanted wanted;
    if (type_of(unit, wanted.id) != DW_UT_skeleton)
        return unit;
    wanted.name = text_of(unit, DW_AT_dwo_name);
    if (wanted.name.empty())
        wanted.name = text_of(unit, DW_AT_GNU_dwo_name);
    wanted.directory = text_of(unit, DW_AT_comp_dir);
    const auto sections = found(wanted);
    const auto file = sections.empty() ? std::nullopt : MemoryElf::made(sections);
    if (!file)
        return unit;
    const LentName lent{unit, image, file->path()};
    Dwarf_Die split{};
    const bool joined = lent.is_lent() &&
                        dwarf_cu_info(unit.cu, nullptr, nullptr, nullptr, &split, nullptr, nullptr, nullptr) == 0 &&
                        split.addr != nullptr;
    return joined ? split : unit;
}

} // namespace tasks::inspect
