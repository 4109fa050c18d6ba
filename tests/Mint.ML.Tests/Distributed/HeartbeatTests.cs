using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Mint.ML.Distributed;

namespace Mint.ML.Tests.Distributed;

/// <summary>What listens for the ranks, met by others.</summary>
[TestClass]
public sealed class HeartbeatTests
{
    private const int Patience = 10_000; // milliseconds; less than a rank's own

    [TestMethod]
    public void Strangers_that_connect_keep_no_rank_waiting_and_are_sent_away()
    {
        string where = "";
        using var first = Heartbeat.Start(0, 2, text => where = text);
        int port = int.Parse(where.Split(' ')[2], CultureInfo.InvariantCulture);

        using var silent = new TcpClient("127.0.0.1", port);
        Assert.IsTrue(IsSentAway("GET / HTTP/1.1\r\n"), "a greeting of another kind");
        Assert.IsTrue(IsSentAway("another-key 1 host\n"), "a rank of another run");
        Assert.IsTrue(IsSentAway(new string('a', 20_000)), "a line without end");
        using var second = Heartbeat.Start(1, 2, _ => where);
        Assert.IsTrue(SpinWait.SpinUntil(IsClosed, Patience), "the other rank is not met beside one who is silent");

        bool IsSentAway(string said)
        {
            using var stranger = new TcpClient("127.0.0.1", port);
            var stream = stranger.GetStream();
            stream.ReadTimeout = Patience;
            try
            {
                stream.Write(Encoding.ASCII.GetBytes(said));
                return stream.ReadByte() < 0;
            }
            catch (IOException error)
            {
                return error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset or SocketError.Shutdown };
            }
        }

        bool IsClosed()
        {
            try
            {
                new TcpClient("127.0.0.1", port).Dispose();
                Thread.Sleep(50);
                return false;
            }
            catch (SocketException)
            {
                return true;
            }
        }
    }
}
