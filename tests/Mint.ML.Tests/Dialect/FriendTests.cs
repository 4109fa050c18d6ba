using System.Xml.Linq;

namespace Mint.ML.Tests.Dialect;

/// <summary>A program uses the libraries as any other program could. Tests may look inside, and one library of ours into the other.</summary>
[TestClass]
public sealed class FriendTests
{
    [TestMethod]
    public void No_program_is_a_friend_of_an_assembly()
    {
        var projects = Directory.EnumerateFiles(Fixtures.Repository, "*.csproj", SearchOption.AllDirectories)
            .Select(file => (File: Path.GetRelativePath(Fixtures.Repository, file), Xml: XDocument.Load(file)))
            .Where(project => !project.File.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "artifacts")).ToList();
        string[] programs = [.. projects.Where(project => !project.File.StartsWith("tests", StringComparison.Ordinal)
                && project.Xml.Descendants("OutputType").Any(type => type.Value == "Exe"))
            .Select(project => project.Xml.Descendants("AssemblyName").FirstOrDefault()?.Value ?? Path.GetFileNameWithoutExtension(project.File))];
        CollectionAssert.IsSubsetOf(new[] { "mint", "mint-bench" }, programs);

        foreach (var (file, xml) in projects)
        {
            string[] friends = [.. xml.Descendants("InternalsVisibleTo").Select(friend => friend.Attribute("Include")!.Value)
                .Where(friend => programs.Contains(friend))];
            Assert.IsEmpty(friends, $"{file} shows its internals to {string.Join(", ", friends)}.");
        }
    }

    [TestMethod]
    public void The_library_has_no_friends_but_its_sister_and_the_tests()
    {
        string[] friends = [.. typeof(Mint.ML.Files.TextFile).Assembly.GetCustomAttributesData()
            .Where(data => data.AttributeType.Name == "InternalsVisibleToAttribute").Select(data => (string)data.ConstructorArguments[0].Value!)];
        foreach (string friend in friends)
            Assert.IsTrue(friend == "Mint.ML.Transforms" || File.Exists(Path.Combine(Fixtures.Repository, "tests", friend, friend + ".csproj")), friend);
    }
}
