import com.sun.net.httpserver.HttpServer;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;

/** A service with spans every second, which the Java agent makes of its HTTP calls to itself. */
public final class Stock {
  public static void main(String[] arguments) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> {
      exchange.sendResponseHeaders(204, -1);
      exchange.close();
    });
    server.start();
    URL url = new URL("http://127.0.0.1:" + server.getAddress().getPort() + "/level");
    while (true) {
      HttpURLConnection call = (HttpURLConnection) url.openConnection();
      call.getResponseCode();
      call.disconnect();
      Thread.sleep(1000);
    }
  }
}
